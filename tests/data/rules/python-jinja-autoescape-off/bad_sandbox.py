from jinja2.sandbox import SandboxedEnvironment

first = SandboxedEnvironment()  # bad
second = SandboxedEnvironment(autoescape=False)  # bad
