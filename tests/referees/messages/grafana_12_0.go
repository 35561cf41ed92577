//go:build grafana_12_0

package main

import "github.com/prometheus/alertmanager/template"

func fromGlobs(paths []string) (*template.Template, error) { return template.FromGlobs(paths) }
