// Render Grafana's messages with the templates that we provision, as the alerting module of one of its releases does.
//
// Standard input is JSON: {"templates": ["..."], "url": "https://...", "cases": [{"alerts": [...], "texts": {"title": "..."}}]}.
// Standard output has for each case each of its texts as rendered; what a release refuses ends the program with its words.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
)

type alert struct {
	Labels      model.LabelSet
	Annotations model.LabelSet
	StartsAt    time.Time
	EndsAt      time.Time
}

type asked struct {
	Templates []string
	URL       string
	Cases     []struct {
		Alerts []alert
		Texts  map[string]string
	}
}

func main() {
	log.SetFlags(0)
	var input asked
	check(json.NewDecoder(os.Stdin).Decode(&input))
	external, err := url.Parse(input.URL)
	check(err)
	render := renderer(input.Templates, external)
	results := []map[string]string{}
	for _, each := range input.Cases {
		alerts := []*types.Alert{}
		for _, one := range each.Alerts {
			alerts = append(alerts, &types.Alert{Alert: model.Alert{
				Labels: one.Labels, Annotations: one.Annotations, StartsAt: one.StartsAt, EndsAt: one.EndsAt,
			}})
		}
		ctx := notify.WithReceiverName(notify.WithGroupLabels(context.Background(), model.LabelSet{}), "lab")
		result := map[string]string{}
		for name, text := range each.Texts {
			result[name], err = render(ctx, alerts, text)
			check(err)
		}
		results = append(results, result)
	}
	check(json.NewEncoder(os.Stdout).Encode(results))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
