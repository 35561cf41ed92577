"""Documentation of the action `directories`, plugins/action/directories.py: nothing of it runs on a host."""

DOCUMENTATION = """
module: directories
short_description: Directories with the files that are wanted in them, and without those that are not
description:
  - Makes directories, writes files into them and removes files that are no longer wanted.
  - One run of M(ansible.builtin.find) looks at all of them. M(ansible.builtin.file) and M(ansible.builtin.copy) run for what differs
    only, so that a task that changes nothing takes one module run, however many files there are.
options:
  directories:
    description:
      - The directories, each before those that are inside it.
      - One for which neither owner nor group nor mode is stated is expected to exist, and stays as it is.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The directory.
        type: str
        required: true
      owner:
        description: Its user, by name or number.
        type: str
      group:
        description: Its group, by name or number.
        type: str
      mode:
        description: Its mode, four octal digits.
        type: str
      files:
        description:
          - Contents of files by their names, which may lead into directories below.
          - With null as its content a file is made empty, and one that exists keeps its content.
        type: dict
        default: {}
      copies:
        description:
          - Files on the controller by the names under which they are copied.
          - Files that Ansible Vault has encrypted are decrypted.
        type: dict
        default: {}
      file_owner:
        description: The user of the files; left out, that of the directory.
        type: str
      file_group:
        description: The group of the files; left out, that of the directory.
        type: str
      file_mode:
        description: The mode of the files; left out, 0644.
        type: str
      remove:
        description: Shell patterns of names; what matches one of them and is neither a file nor a directory of this task is removed.
        type: list
        elements: str
        default: []
      validate:
        description: A command that has to succeed before a file is put in place; %s stands for the file.
        type: str
attributes:
  check_mode:
    description: Foretells changes; what would be written into a directory that does not exist yet is not compared.
    support: full
  diff_mode:
    description: Shows what the modules show that it runs.
    support: full
author: The livemon developers (!UNKNOWN)
version_added: 0.1.0
"""

EXAMPLES = """
- name: Write the dashboards, and remove those that are no longer wanted
  livemon.appliance.directories:
    directories:
      - path: /etc/livemon/grafana/dashboards
        owner: root
        group: root
        mode: "0755"
        files: {overview.json: '{"title": "Overview"}'}
        remove: ["*.json"]
"""

RETURN = """
created:
  description: Paths of directories and files that did not exist before; in check mode, those that would be made.
  type: list
  elements: str
  returned: always
removed:
  description: Paths of what was removed; in check mode, of what would be removed.
  type: list
  elements: str
  returned: always
"""
