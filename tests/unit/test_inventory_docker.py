"""Settings of the Docker engine, and of the way to image registries."""

import pytest

from plugins.plugin_utils.inventory.faults.settings import setting_faults

MIRROR = {"url": "https://mirror.lab.example/linux/ubuntu"}
FINGERPRINT = "9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88"


@pytest.mark.parametrize(
    "settings",
    [
        {"docker_from": "existing"},
        {"docker_repository": {}},
        {"docker_repository": MIRROR | {"key": "http://192.0.2.1/key.asc", "fingerprint": FINGERPRINT}},
        {"docker_repository": MIRROR | {"versions": {"docker-ce": "5:24.0.2-1~*", "containerd.io": "1.6.21-1"}}},
        {"docker_options": {"default-address-pools": [{"base": "10.200.0.0/16", "size": 24}]}},
        {"docker_users": ["postdoc", "_service", "a.b-c"]},
        {"registry_mirrors": ["https://mirror.lab.example", "http://192.0.2.1:5000"]},
        {"proxy": "http://proxy.lab.example:3128"},
        {"proxy": "http://postdoc:p%40ss@192.0.2.1:3128/"},
        {"proxy": ""},
        {"proxy_exceptions": [".lab.example", "monitor", "172.16.0.0/12", "fd00::/8", "192.0.2.1:5000"]},
    ],
)
def test_what_will_do(settings):
    assert list(setting_faults(settings)) == []


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        (
            "docker_from",
            "snap",
            "'snap' is not a source of Docker; write auto, distribution, docker or existing",
        ),
        ("docker_repository", "https://mirror.lab.example", "write {url: https://mirror.lab.example/linux/ubuntu}"),
        ("docker_repository", {"key": "https://mirror.lab.example/gpg"}, "is not a valid repository"),
        ("docker_repository", MIRROR | {"keys": "https://mirror.lab.example/gpg"}, "is not a valid repository"),
        ("docker_repository", MIRROR | {"fingerprint": "0EBFCD88"}, "40 hexadecimal digits"),
        ("docker_repository", {"url": 'https://x" ; evil'}, "is not a valid repository"),
        ("docker_repository", MIRROR | {"versions": {"docker-ce": "24.0.2\nPin: *"}}, "is not a valid repository"),
        (
            "docker_options",
            {"registry-mirrors": ["https://mirror.lab.example"]},
            "registry_mirrors for registry-mirrors",
        ),
        (
            "docker_options",
            {"insecure-registries": ["mirror:5000"]},
            "extra_ca_certificates instead of insecure-registries",
        ),
        ("docker_users", "postdoc", "write, for example, [postdoc]"),
        ("docker_users", ["postdoc; reboot"], "is not a list of the machine's users"),
        (
            "registry_mirrors",
            "https://mirror.lab.example",
            "write their addresses, for example [https://mirror.lab.example]",
        ),
        ("registry_mirrors", ["mirror.lab.example"], "is not a list of image registries"),
        ("proxy_exceptions", ["172.16.0.0/99"], "write, for example, [.lab.example, 172.16.0.0/12]"),
        ("proxy_exceptions", [".lab.example,evil"], "is not a list of names and networks"),
    ],
)
def test_what_will_not(setting, value, told):
    (fault,) = setting_faults({setting: value})
    assert fault.startswith(f"{setting}: ")
    assert told in fault


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy.lab.example:3128",
        "http://proxy.lab.example",
        "http://u:sekrit$(reboot)@proxy:3128",
        "http://u:sekrit;q@proxy:3128",
        3128,
    ],
)
def test_a_proxys_password_is_not_repeated(proxy):
    (fault,) = setting_faults({"proxy": proxy})
    assert fault.startswith("proxy: this is not a valid proxy; write its address with the port")
    assert "sekrit" not in fault
