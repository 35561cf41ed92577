// Fill in the annotations of alarms by Go's own templates, as Grafana's server does, and say what comes of each.
//
// Standard input is JSON, [{"text": "...", "labels": {"unit": "K"}, "values": {"B": 5.0}}, ...], null being a value that is no number;
// standard output too, {"text", "error"} for each. humanizeDuration says what that of Prometheus says.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"text/template"
)

type annotation struct {
	Text   string              `json:"text"`
	Labels map[string]string   `json:"labels,omitempty"`
	Values map[string]*float64 `json:"values,omitempty"`
	Error  string              `json:"error,omitempty"`
}

// Value is what Grafana hands to a template for each expression.
type Value struct {
	Labels map[string]string
	Value  float64
}

func duration(seconds float64) string {
	if math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return fmt.Sprintf("%.4g", seconds)
	}
	whole := int64(math.Abs(seconds))
	sign := ""
	if seconds < 0 {
		sign = "-"
	}
	days, hours, minutes, rest := whole/86400, whole/3600%24, whole/60%60, whole%60
	switch {
	case days > 0:
		return fmt.Sprintf("%s%dd %dh %dm %ds", sign, days, hours, minutes, rest)
	case hours > 0:
		return fmt.Sprintf("%s%dh %dm %ds", sign, hours, minutes, rest)
	case minutes > 0:
		return fmt.Sprintf("%s%dm %ds", sign, minutes, rest)
	case whole > 0 || seconds == 0:
		return fmt.Sprintf("%.4gs", seconds)
	}
	for _, unit := range []string{"ms", "us", "ns"} {
		seconds *= 1000
		if math.Abs(seconds) >= 1 || unit == "ns" {
			return fmt.Sprintf("%.4g%s", seconds, unit)
		}
	}
	return ""
}

func fill(each annotation) (string, error) {
	values := map[string]Value{}
	for name, value := range each.Values {
		number := math.NaN()
		if value != nil {
			number = *value
		}
		values[name] = Value{Value: number}
	}
	functions := template.FuncMap{
		"humanizeDuration": func(value any) (string, error) {
			seconds, ok := value.(float64)
			if !ok {
				return "", fmt.Errorf("%v is no number", value)
			}
			return duration(seconds), nil
		},
	}
	parsed, err := template.New("annotation").Funcs(functions).Option("missingkey=invalid").
		Parse("{{- $labels := .Labels -}}{{- $values := .Values -}}{{- $value := .Value -}}" + each.Text)
	if err != nil {
		return "", err
	}
	var filled strings.Builder
	err = parsed.Execute(&filled, map[string]any{"Labels": each.Labels, "Values": values, "Value": ""})
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
