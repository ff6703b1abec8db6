// What every passive rule has in common. A rule file follows in the same script (`cat frame_passive.js
// passive/NAME.js`) and sets `rule`; its `look` reads one reply and returns a list of what it saw:
// {evidence, param}. The script's type in ZAP is httpsender, so it sees every request that ZAP makes or
// forwards, at once and without a queue. ES5 only, and no state outside a call: ZAP's Rhino and Graal.js
// engines both run it, from several threads.

var rule;

// Initiators (HttpSender's constants) whose requests are attacks or ZAP's own business.
var ACTIVE_SCANNER = 2;
var OTHER_PROBES = [4, 7, 11, 16, 17];

function sendingRequest(msg, initiator, helper) {}

function responseReceived(msg, initiator, helper) {
    if (OTHER_PROBES.indexOf(Number(initiator)) >= 0) {
        return;
    }
    if (Number(initiator) === ACTIVE_SCANNER && !rule.provoked) {
        return;
    }
    var seen = rule.look(reply(msg));
    for (var i = 0; i < seen.length; i++) {
        raise(msg, seen[i]);
    }
}

function reply(msg) {
    var header = msg.getResponseHeader();
    var kind = String(header.getHeader("Content-Type") || "");
    var status = Number(header.getStatusCode());
    return {
        status: status,
        https: String(msg.getRequestHeader().getURI().getScheme()) === "https",
        // A redirection's page is shown to nobody.
        html: kind.toLowerCase().indexOf("html") >= 0 && (status < 300 || status >= 400),
        body: function () { return String(msg.getResponseBody().toString()); },
        headers: function (name) { return texts(header.getHeaderValues(name)); },
        cookies: function () { return texts(header.getHeaderValues("Set-Cookie")).map(cookie); }
    };
}

function texts(list) {
    var found = [];
    for (var i = 0; i < list.size(); i++) {
        found.push(String(list.get(i)));
    }
    return found;
}

function cookie(line) {
    var parts = line.split(";");
    var flags = {};
    parts.slice(1).forEach(function (part) {
        var pair = part.split("=");
        flags[pair[0].trim().toLowerCase()] = (pair[1] || "").trim().toLowerCase();
    });
    var pair = parts[0].split("=");
    return {
        line: line,
        name: pair[0].trim(),
        flags: flags,
        // One that is being deleted protects nothing.
        live: (pair[1] || "").trim() !== "" && flags["max-age"] !== "0"
    };
}

function without(flag, cookies) {
    return cookies
        .filter(function (one) { return one.live && !(flag in one.flags); })
        .map(function (one) { return { param: one.name, evidence: one.name + "= without " + flag }; });
}

function raise(msg, seen) {
    var core = Packages.org.parosproxy.paros;
    var Alert = core.core.scanner.Alert;
    var alert = Alert.builder()
        .setPluginId(rule.number)
        .setName(rule.name)
        .setRisk(rule.risk)
        .setConfidence(rule.confidence)
        .setDescription(rule.description)
        .setSolution(rule.solution)
        .setCweId(rule.cwe)
        .setParam(seen.param)
        .setEvidence(seen.evidence)
        .addTag("sdlc-rule", rule.id)
        .setUri(String(msg.getRequestHeader().getURI()))
        .setMessage(msg)
        .setSource(Alert.Source.PASSIVE)
        .build();
    core.control.Control.getSingleton().getExtensionLoader()
        .getExtension("ExtensionAlert")
        .alertFound(alert, msg.getHistoryRef());
}
