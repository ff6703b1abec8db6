import os

os.system("ls " + name)  # nosemgrep
