"""JSON and YAML of strangers, read by a process that may come to harm."""
