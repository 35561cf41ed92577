// Render messages with the templates that we provision, by the functions that a release of Grafana gives them: those of its
// version of Alertmanager. Grafana's own module takes minutes to build; what its templates see of an alert is written here.
//
// Standard input is JSON: {"templates": ["..."], "url": "https://...", "cases": [{"alerts": [...], "texts": {"title": "..."}}]}.
// Standard output has for each case each of its texts as rendered; what a release refuses ends the program with its words.
package main

import (
	"encoding/json"
	html "html/template"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/alertmanager/template"
)

type alert struct {
	Status       string
	Labels       template.KV
	Annotations  template.KV
	StartsAt     time.Time
	EndsAt       time.Time
	GeneratorURL string
	Fingerprint  string
	SilenceURL   string
	DashboardURL string
	PanelURL     string
	Values       map[string]float64
	ValueString  string
}

type alerts []alert

func (all alerts) Firing() []alert   { return all.of("firing") }
func (all alerts) Resolved() []alert { return all.of("resolved") }

func (all alerts) of(status string) []alert {
	found := []alert{}
	for _, each := range all {
		if each.Status == status {
			found = append(found, each)
		}
	}
	return found
}

type message struct {
	Receiver          string
	Status            string
	Alerts            alerts
	GroupLabels       template.KV
	CommonLabels      template.KV
	CommonAnnotations template.KV
	ExternalURL       string
}

type asked struct {
	Templates []string
	URL       string
	Cases     []struct {
		Alerts alerts
		Texts  map[string]string
	}
}

func main() {
	log.SetFlags(0)
	var input asked
	check(json.NewDecoder(os.Stdin).Decode(&input))
	directory, err := os.MkdirTemp("", "messages")
	check(err)
	defer os.RemoveAll(directory)
	paths := []string{}
	for number, text := range input.Templates {
		// Provisioning takes none that is not HTML's template as well.
		_, err = html.New("").Option("missingkey=zero").Funcs(html.FuncMap(template.DefaultFuncs)).Parse(text)
		check(err)
		path := filepath.Join(directory, strconv.Itoa(number)+".tmpl")
		check(os.WriteFile(path, []byte(text), 0o600))
		paths = append(paths, path)
	}
	parsed, err := fromGlobs(paths)
	check(err)
	results := []map[string]string{}
	for _, each := range input.Cases {
		data := message{Alerts: each.Alerts, CommonLabels: common(each.Alerts), ExternalURL: input.URL}
		result := map[string]string{}
		for name, text := range each.Texts {
			result[name], err = parsed.ExecuteTextString(text, data)
			check(err)
		}
		results = append(results, result)
	}
	check(json.NewEncoder(os.Stdout).Encode(results))
}

func common(all alerts) template.KV {
	found := template.KV{}
	for name, value := range all[0].Labels {
		shared := true
		for _, each := range all {
			shared = shared && each.Labels[name] == value
		}
		if shared {
			found[name] = value
		}
	}
	return found
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
