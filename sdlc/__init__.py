"""The engine: knows no tool and no format, and finds both through entry points."""
