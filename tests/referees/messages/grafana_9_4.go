//go:build grafana_9_4

package main

import (
	"context"
	html "html/template"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"github.com/grafana/alerting/alerting/notifier/channels"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
)

func renderer(texts []string, external *url.URL) func(context.Context, []*types.Alert, string) (string, error) {
	directory, err := os.MkdirTemp("", "messages")
	check(err)
	defer os.RemoveAll(directory)
	paths := []string{}
	for number, text := range append(texts, channels.DefaultTemplateString) {
		// Provisioning takes none that is not HTML's template as well.
		_, err = html.New("").Option("missingkey=zero").Funcs(html.FuncMap(template.DefaultFuncs)).Parse(text)
		check(err)
		path := filepath.Join(directory, strconv.Itoa(number)+".tmpl")
		check(os.WriteFile(path, []byte(text), 0o600))
		paths = append(paths, path)
	}
	parsed, err := template.FromGlobs(paths...)
	check(err)
	parsed.ExternalURL = external
	return func(ctx context.Context, alerts []*types.Alert, text string) (string, error) {
		var failed error
		expand, _ := channels.TmplText(ctx, parsed, alerts, &channels.FakeLogger{}, &failed)
		return expand(text), failed
	}
}
