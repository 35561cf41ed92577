//go:build grafana_9_4

package main

import "github.com/prometheus/alertmanager/template"

func fromGlobs(paths []string) (*template.Template, error) { return template.FromGlobs(paths...) }
