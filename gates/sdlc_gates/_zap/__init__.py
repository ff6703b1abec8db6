"""How the gate `zap` drives a ZAP daemon."""
