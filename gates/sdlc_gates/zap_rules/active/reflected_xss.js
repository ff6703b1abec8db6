rule = {
    id: "reflected-xss",
    name: "Reflected cross-site scripting",
    cwe: 79,
    risk: 3,
    confidence: 2,
    description: "A parameter comes back in an HTML page with its markup intact, so a link can carry a script.",
    solution: "Escape the value for the place where it is written; templates that escape by themselves do.",

    probe: function (target, value) {
        var mark = target.mark;
        var tag = "<svg onload=" + mark + ">";
        var payload = value + "'\">" + tag;
        var reply = target.send(payload);
        if (reply.html && reply.body.indexOf(tag) >= 0) {
            return { attack: payload, evidence: tag, reply: reply };
        }
        // Where < and > are escaped and the quote is not, an attribute can still be left.
        return this.leave(target, "\"") || this.leave(target, "'");
    },

    leave: function (target, quote) {
        var handler = target.mark + quote + " onfocus=" + target.mark + " x=" + quote;
        var reply = target.send(handler);
        var inside = new RegExp("<[^<>]*=" + quote + "[^<>" + quote + "]*" + handler);
        return reply.html && inside.test(reply.body)
            ? { attack: handler, evidence: handler, reply: reply }
            : null;
    }
};
