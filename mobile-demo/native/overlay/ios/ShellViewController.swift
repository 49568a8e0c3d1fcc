import Capacitor
import UIKit

/// The web view, with the plugin that looks at the relay's key.
class ShellViewController: CAPBridgeViewController {
    override open func capacitorDidLoad() {
        bridge?.registerPluginInstance(PinningPlugin())
    }
}
