"""The inventory: its checks (faults/), and everything that is made of it (rendering/, grafana/).

Runs on the controller inside Ansible's filters. Plain Python 3.10 without Ansible and without the appliance's packages.
"""
