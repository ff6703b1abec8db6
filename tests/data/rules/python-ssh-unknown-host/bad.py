import paramiko
from paramiko import WarningPolicy

client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # bad
client.set_missing_host_key_policy(paramiko.AutoAddPolicy)  # bad
client.set_missing_host_key_policy(WarningPolicy())  # bad
