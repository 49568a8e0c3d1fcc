/** Changes of members as tests ask for them: without looking whether they are still to be made. */
import type { Intent } from '@y-sealed/client'
import { packDevices, type Bytes, type MemberRole } from '@y-sealed/protocol'
import type { Device } from '@y-sealed/protocol/sealing'

export function addDevice(device: Device, role: MemberRole): Intent {
  return (_members, tools) => ({
    type: 'add',
    sponsored: false,
    role,
    certificate: device.certificate(),
    wrap: tools.wrapFor(device.boxPublic),
    sealedName: new Uint8Array(0),
  })
}

export function setRole(device: Bytes, role: MemberRole): Intent {
  return () => ({ type: 'role', device, role })
}

export function remove(...removed: readonly Bytes[]): Intent {
  return (_members, tools) => ({
    type: 'remove',
    devices: packDevices(removed),
    rotation: tools.createRotation({ removed }),
  })
}

export function leave(device: Bytes): Intent {
  return (_members, tools) => ({
    type: 'remove',
    devices: packDevices([device]),
    rotation: tools.closeEpoch(),
  })
}

export function rotate(): Intent {
  return (members, tools) => ({
    type: 'epoch',
    rotation: tools.createRotation({ links: members.links }),
  })
}
