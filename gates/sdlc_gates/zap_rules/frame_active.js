// What every active rule has in common. A rule file follows in the same script (`cat frame_active.js
// active/NAME.js`) and sets `rule`; its `probe` sends what it likes and returns null, or a hit:
// {attack, evidence, reply}. ES5 only, and no state outside a call: ZAP's Rhino and Graal.js engines
// both run it, from several threads.

var rule;

function scanNode(as, msg) {}

function scan(as, msg, param, value) {
    var target = {
        // Differs from one parameter to the next, and is the same again in the next run.
        mark: "sdlc" + checksum(String(msg.getRequestHeader().getURI().getEscapedPath()) + "?" + param),
        host: String(msg.getRequestHeader().getHostName()),
        before: String(msg.getResponseBody().toString()),
        send: function (payload) { return send(as, msg, param, payload); }
    };
    var hit = rule.probe(target, value === null ? "" : String(value));
    if (hit !== null) {
        raise(as, param, hit);
    }
}

function send(as, msg, param, payload) {
    var sent = msg.cloneRequest();
    as.setParam(sent, param, payload);
    try {
        as.sendAndReceive(sent, false, false);
    } catch (error) {
        unanswered(sent, error);
        return { message: sent, status: 0, html: false, body: "", location: "" };
    }
    var header = sent.getResponseHeader();
    var kind = String(header.getHeader("Content-Type") || "");
    return {
        message: sent,
        status: Number(header.getStatusCode()),
        // Browsers guess where there is no type, and guess HTML.
        html: kind === "" || kind.toLowerCase().indexOf("html") >= 0,
        body: String(sent.getResponseBody().toString()),
        location: String(header.getHeader("Location") || "")
    };
}

// A probe without a reply proves nothing: it is left where the gate reads it (script/globalVars).
function unanswered(sent, error) {
    var header = sent.getRequestHeader();
    var where = header.getMethod() + " " + header.getURI().getEscapedPath();
    Packages.org.zaproxy.zap.extension.script.ScriptVars.setGlobalVar(
        "sdlc.unanswered " + where, rule.id + ": " + error);
}

function raise(as, param, hit) {
    as.newAlert()
        .setName(rule.name)
        .setRisk(rule.risk)
        .setConfidence(rule.confidence)
        .setDescription(rule.description)
        .setSolution(rule.solution)
        .setCweId(rule.cwe)
        .setParam(param)
        .setAttack(hit.attack)
        .setEvidence(hit.evidence)
        .addTag("sdlc-rule", rule.id)
        .setMessage(hit.reply.message)
        .raise();
}

function checksum(text) {
    var sum = 7;
    for (var i = 0; i < text.length; i++) {
        sum = (sum * 31 + text.charCodeAt(i)) % 1000003;
    }
    return sum;
}
