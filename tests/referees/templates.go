// Say of each text what keeps Go from reading it, as Grafana's server reads it: templates of rules and messages, and patterns.
//
// Standard input is JSON, [{"kind": "rule" | "message" | "pattern", "text": "..."}, ...]; standard output too, a text for each:
// empty if all is well. The functions are those of Grafana 9.4, so that a template is one for every release from there on.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"text/template"
)

type question struct {
	Kind string
	Text string
}

// What stands before each template of a rule (pkg/services/ngalert/state/template.go).
const variables = "{{- $labels := .Labels -}}{{- $values := .Values -}}{{- $value := .Value -}}"

var functions = map[string][]string{
	// github.com/prometheus/prometheus/template, and Grafana's own
	"rule": strings.Fields(`args externalURL first graphLink humanize humanize1024 humanizeDuration humanizePercentage
		humanizeTimestamp label match pathPrefix query reReplaceAll safeHtml sortByLabel strvalue tableLink title tmpl toLower toUpper value`),
	// github.com/prometheus/alertmanager/template
	"message": strings.Fields("join match reReplaceAll safeHtml stringSlice title toLower toUpper"),
}

func named(kind string) template.FuncMap {
	found := template.FuncMap{}
	for _, name := range functions[kind] {
		found[name] = func(...any) string { return "" }
	}
	return found
}

func fault(asked question) error {
	switch asked.Kind {
	case "pattern":
		_, err := regexp.Compile("^(?:" + asked.Text + ")$")
		return err
	case "rule":
		_, err := template.New("rule").Funcs(named("rule")).Parse(variables + asked.Text)
		return err
	case "message":
		_, err := template.New("message").Funcs(named("message")).Parse(asked.Text)
		return err
	}
	return fmt.Errorf("no such kind: %s", asked.Kind)
}

func main() {
	var asked []question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	faults := make([]string, len(asked))
	for number, each := range asked {
		if err := fault(each); err != nil {
			faults[number] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(faults)
}
