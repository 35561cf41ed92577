"""Documentation of the action `wait_for_agents`, plugins/action/wait_for_agents.py: nothing of it runs on a host."""

DOCUMENTATION = """
module: wait_for_agents
short_description: Wait until agents publish
description:
  - Asks the bridge and the Docker engine of the host every two seconds, until all agents publish, and says for which it is waiting.
  - An agent with feeds publishes when one of them has a sample from after the start of its container that the bridge does not
    consider too old. An agent without feeds is heard by its heartbeat, after its container has run for ten seconds.
  - Fails with one line for each agent that does not publish in time; it has the state of its container or what the bridge knows of
    the agent, and the last meaningful line of its log.
options:
  agents:
    description: The agents, which the filter P(livemon.appliance.awaited_agents#filter) lists.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: The instance-id; its container is C(ocs_) and the id.
        type: str
        required: true
      title:
        description: What it is, for people.
        type: str
        required: true
      feeds:
        description: Its feeds, of which one must have a sample; without any its heartbeat is enough.
        type: list
        elements: str
        default: []
  bridge:
    description: The address of the bridge, as the host reaches it.
    type: str
    default: http://127.0.0.1:5000
  seconds:
    description: How long it waits at most.
    type: int
    default: 120
attributes:
  check_mode:
    description: Does nothing in check mode, in which no agent is started.
    support: none
author: The livemon developers (!UNKNOWN)
version_added: 0.1.0
"""

EXAMPLES = """
- name: Wait until every agent publishes
  livemon.appliance.wait_for_agents:
    agents: "{{ instruments | livemon.appliance.awaited_agents(ocs_agents) }}"
  become: true
"""

RETURN = """
seconds:
  description: How long it took until all of them published.
  type: float
  returned: success
"""
