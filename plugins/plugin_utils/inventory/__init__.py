"""The inventory's instruments and agents: validated, and everything that is derived from them.

Runs on the controller inside Ansible's filters. Plain Python 3.10, nothing of Ansible, nothing of the appliance.
"""
