rule = {
    id: "open-redirect",
    name: "Open redirect",
    cwe: 601,
    risk: 2,
    confidence: 3,
    description: "A parameter decides which site the browser goes to next, so a link to this site can lead anywhere.",
    solution: "Accept only paths of this site, or names of known destinations.",

    elsewhere: "sdlc-redirect.invalid",

    probe: function (target, value) {
        return this.lure(target, "https://" + this.elsewhere + "/")
            || this.lure(target, "//" + this.elsewhere + "/")
            // Browsers read the backslash as a slash.
            || this.lure(target, "/\\" + this.elsewhere + "/")
            // Passes a check that only asks how the address begins.
            || this.lure(target, "https://" + target.host + "." + this.elsewhere + "/");
    },

    lure: function (target, payload) {
        var reply = target.send(payload);
        var there = "(https?:)?[/\\\\]{2}([\\w.-]+\\.)?sdlc-redirect\\.invalid(?=[/\\\\?#:]|$)";
        var header = new RegExp("^\\s*" + there, "i").exec(reply.location);
        var refresh = reply.html
            ? new RegExp("http-equiv=[\"']?refresh[^>]*url=[\"']?" + there, "i").exec(reply.body)
            : null;
        var seen = reply.status >= 300 && reply.status < 400 ? header || refresh : refresh;
        return seen === null ? null : { attack: payload, evidence: seen[0], reply: reply };
    }
};
