rule = {
    id: "reflected-xss",
    name: "Reflected cross-site scripting",
    cwe: 79,
    risk: 3,
    confidence: 2,
    description: "A parameter comes back in an HTML page with its markup intact, so a link can carry a script.",
    solution: "Escape the value for the place where it is written; templates that escape by themselves do.",

    probe: function (target, value) {
        // Without a quote first: where one breaks a statement, the page with the echo never comes.
        return this.add(target, value) || this.leave(target, "\"") || this.leave(target, "'");
    },

    add: function (target, value) {
        var tag = "<svg onload=" + target.mark + ">";
        var reply = target.send(value + tag);
        return reply.html && this.isMarkup(reply.body, tag)
            ? { attack: value + tag, evidence: tag, reply: reply }
            : null;
    },

    // Inside an attribute's quotes, a tag is only text.
    isMarkup: function (body, tag) {
        for (var at = body.indexOf(tag); at >= 0; at = body.indexOf(tag, at + 1)) {
            var before = body.substring(0, at);
            var inTag = /<[a-zA-Z][^<>]*=\s*("[^"<>]*|'[^'<>]*)$/.test(before.slice(before.lastIndexOf("<")));
            if (!inTag) {
                return true;
            }
        }
        return false;
    },

    // Out of an attribute, with a handler in the same tag, where < and > are escaped and the quote is not.
    leave: function (target, quote) {
        var handler = target.mark + quote + " onfocus=" + target.mark + " x=" + quote;
        var reply = target.send(handler);
        var inside = new RegExp("<[^<>]*=" + quote + "[^<>" + quote + "]*" + handler);
        return reply.html && inside.test(reply.body)
            ? { attack: handler, evidence: handler, reply: reply }
            : null;
    }
};
