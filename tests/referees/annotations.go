// Fill in the annotations of alarms by Go's own templates, as Grafana's server does, and say what comes of each.
//
// Standard input is JSON, [{"text": "...", "values": {"B": 5.0}}, ...]; standard output too, {"text", "error"} for each. The function
// that Grafana takes from Prometheus is a simple one here.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"
)

type annotation struct {
	Text   string             `json:"text"`
	Values map[string]float64 `json:"values,omitempty"`
	Error  string             `json:"error,omitempty"`
}

// Value is what Grafana hands to a template for each expression.
type Value struct {
	Labels map[string]string
	Value  float64
}

func fill(each annotation) (string, error) {
	values := map[string]Value{}
	for name, value := range each.Values {
		values[name] = Value{Value: value}
	}
	functions := template.FuncMap{
		"humanizeDuration": func(value any) (string, error) {
			seconds, ok := value.(float64)
			if !ok {
				return "", fmt.Errorf("%v is no number", value)
			}
			return fmt.Sprintf("%.0fs", seconds), nil
		},
	}
	parsed, err := template.New("annotation").Funcs(functions).Option("missingkey=zero").
		Parse("{{- $labels := .Labels -}}{{- $values := .Values -}}{{- $value := .Value -}}" + each.Text)
	if err != nil {
		return "", err
	}
	var filled strings.Builder
	err = parsed.Execute(&filled, map[string]any{"Labels": map[string]string{}, "Values": values, "Value": ""})
	return filled.String(), err
}

func main() {
	var given []annotation
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	found := make([]annotation, len(given))
	for number, each := range given {
		text, err := fill(each)
		found[number].Text = text
		if err != nil {
			found[number].Error = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		os.Exit(1)
	}
}
