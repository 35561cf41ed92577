//go:build grafana_12_0

package main

import (
	"context"
	"net/url"

	"github.com/go-kit/log"
	"github.com/grafana/alerting/templates"
	"github.com/prometheus/alertmanager/types"
)

func renderer(texts []string, external *url.URL) func(context.Context, []*types.Alert, string) (string, error) {
	parsed, err := templates.FromContent(texts)
	check(err)
	parsed.ExternalURL = external
	return func(ctx context.Context, alerts []*types.Alert, text string) (string, error) {
		var failed error
		expand, _ := templates.TmplText(ctx, parsed, alerts, log.NewNopLogger(), &failed)
		return expand(text), failed
	}
}
