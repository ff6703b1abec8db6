def (:
os.system(name)
