"""How the gate `wapiti` is configured, and what Wapiti's report means."""
