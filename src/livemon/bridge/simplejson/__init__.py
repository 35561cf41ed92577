"""The SimpleJson protocol, as Grafana's plug-ins grafana-simple-json-datasource 1.4 and simpod-json-datasource 0.1 to 0.7 use it."""

from livemon.bridge.simplejson.views import blueprint

__all__ = ["blueprint"]
