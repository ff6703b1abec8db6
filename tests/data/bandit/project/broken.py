def (:
subprocess.call(x, shell=True)
