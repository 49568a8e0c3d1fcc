import Capacitor
import CryptoKit
import Foundation
import Security

/// Pins in the web view's own connections, WebSockets among them, for which WebKit asks the page's delegate. `NSPinnedDomains` alone binds
/// URLSession and not WKWebView, so this reads the same list of Info.plist. Rules PN2 to PN4 of SPEC.md.
@objc(PinningPlugin)
class PinningPlugin: CAPPlugin, CAPBridgedPlugin {
    let identifier = "PinningPlugin"
    let jsName = "Pinning"
    let pluginMethods: [CAPPluginMethod] = []

    private lazy var pinsByHost: [String: Set<String>] = PinningPlugin.readPins(Bundle.main.infoDictionary)
    private lazy var expiry: Date? = PinningPlugin.readExpiry(Bundle.main.infoDictionary)

    override func handleWKWebViewURLAuthenticationChallenge(
        _ challenge: URLAuthenticationChallenge,
        completionHandler: @escaping (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) -> Bool {
        let space = challenge.protectionSpace
        guard space.authenticationMethod == NSURLAuthenticationMethodServerTrust,
              let pins = pinsByHost[space.host.lowercased()],
              let trust = space.serverTrust
        else { return false }

        // Chain, time and name first, and never instead.
        guard SecTrustEvaluateWithError(trust, nil) else {
            completionHandler(.cancelAuthenticationChallenge, nil)
            return true
        }
        if let expiry, Date() >= expiry {
            completionHandler(.useCredential, URLCredential(trust: trust))
            return true
        }
        guard let chain = SecTrustCopyCertificateChain(trust) as? [SecCertificate],
              let leaf = chain.first,
              let pin = PinningPlugin.pin(of: leaf),
              pins.contains(pin)
        else {
            completionHandler(.cancelAuthenticationChallenge, nil)
            return true
        }
        completionHandler(.useCredential, URLCredential(trust: trust))
        return true
    }

    /// base64 of SHA-256 over the SubjectPublicKeyInfo; nil for kinds of keys that no pin is made of.
    private static func pin(of certificate: SecCertificate) -> String? {
        guard let key = SecCertificateCopyKey(certificate),
              let attributes = SecKeyCopyAttributes(key) as? [CFString: Any],
              let type = attributes[kSecAttrKeyType] as? String,
              let bits = attributes[kSecAttrKeySizeInBits] as? Int,
              let header = headers["\(type == kSecAttrKeyTypeRSA as String ? "rsa" : "ec")\(bits)"],
              let raw = SecKeyCopyExternalRepresentation(key, nil) as Data?
        else { return nil }
        return Data(SHA256.hash(data: Data(header) + raw)).base64EncodedString()
    }

    /// What stands before a raw key in its SubjectPublicKeyInfo: iOS gives out the raw key alone.
    private static let headers: [String: [UInt8]] = [
        "ec256": [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
            0x07, 0x03, 0x42, 0x00,
        ],
        "ec384": [
            0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62,
            0x00,
        ],
        "rsa2048": [
            0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
            0x0f, 0x00,
        ],
        "rsa3072": [
            0x30, 0x82, 0x01, 0xa2, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
            0x8f, 0x00,
        ],
        "rsa4096": [
            0x30, 0x82, 0x02, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x02,
            0x0f, 0x00,
        ],
    ]

    private static func readPins(_ info: [String: Any]?) -> [String: Set<String>] {
        let security = info?["NSAppTransportSecurity"] as? [String: Any]
        let domains = security?["NSPinnedDomains"] as? [String: [String: Any]] ?? [:]
        return domains.mapValues { domain in
            let identities = domain["NSPinnedLeafIdentities"] as? [[String: String]] ?? []
            return Set(identities.compactMap { $0["SPKI-SHA256-BASE64"] })
        }
    }

    private static func readExpiry(_ info: [String: Any]?) -> Date? {
        guard let day = info?["YSealedPinsExpire"] as? String else { return nil }
        return ISO8601DateFormatter().date(from: "\(day)T00:00:00Z")
    }
}
