// Decode the bridge's answers as strictly as the Graphite data source in Grafana's server does, and say what is wrong with each.
//
// Standard input is JSON, [{"kind": "render", "body": "..."}, ...]; standard output too, a text for each: empty if all is well.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
)

type answer struct {
	Kind string
	Body string
}

type series struct {
	Target     *string
	DataPoints *[][]*float64
	Tags       map[string]any
}

type node struct {
	Text          *string
	ID            *string
	AllowChildren *int
	Expandable    *int
	Leaf          *int
}

type event struct {
	When *int64
	What *string
	Tags []string
	Data *string
}

type function struct {
	Name        *string
	Function    *string
	Description *string
	Module      *string
	Group       *string
	Params      []struct {
		Name     *string
		Type     *string
		Required bool
		Multiple bool
		Default  any
	}
}

func rule(body []byte) error {
	var all []series
	if err := json.Unmarshal(body, &all); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, each := range all {
		if each.Target == nil {
			return fmt.Errorf("a series without target")
		}
		// Grafana 9.4 sends all queries of a rule together, and finds each again by what follows the last space.
		query := (*each.Target)[strings.LastIndex(*each.Target, " ")+1:]
		name := fmt.Sprintf("%v of %s", each.Tags["name"], query)
		// Two of a name would be one alarm: the rule fails.
		if names[name] {
			return fmt.Errorf("two series have the tag name=%s", name)
		}
		names[name] = true
	}
	return render(body)
}

func render(body []byte) error {
	var all []series
	if err := json.Unmarshal(body, &all); err != nil {
		return err
	}
	for _, each := range all {
		if each.Target == nil || each.DataPoints == nil || each.Tags == nil {
			return fmt.Errorf("a series without target, datapoints or tags")
		}
		for key, value := range each.Tags {
			switch value.(type) {
			case string, float64:
			default:
				return fmt.Errorf("%s: tag %s is neither text nor number: %v", *each.Target, key, value)
			}
		}
		name, isText := each.Tags["name"].(string)
		if !isText || name == "" {
			return fmt.Errorf("%s has no name among its tags", *each.Target)
		}
		before := math.Inf(-1)
		for number, point := range *each.DataPoints {
			if len(point) != 2 || point[1] == nil {
				return fmt.Errorf("%s: point %d is no pair, or its time is null", *each.Target, number)
			}
			if *point[1] <= before {
				return fmt.Errorf("%s: point %d is not later than the one before", *each.Target, number)
			}
			before = *point[1]
		}
	}
	return nil
}

func find(body []byte) error {
	var all []node
	if err := json.Unmarshal(body, &all); err != nil {
		return err
	}
	for _, each := range all {
		if each.Text == nil || each.ID == nil || each.AllowChildren == nil || each.Expandable == nil || each.Leaf == nil {
			return fmt.Errorf("a node lacks a field")
		}
		if *each.AllowChildren+*each.Leaf != 1 || *each.Expandable != *each.AllowChildren {
			return fmt.Errorf("%s is a branch and a leaf, or neither", *each.Text)
		}
	}
	return nil
}

func events(body []byte) error {
	var all []event
	if err := json.Unmarshal(body, &all); err != nil {
		return err
	}
	for _, each := range all {
		if each.When == nil || each.What == nil || each.Tags == nil || each.Data == nil {
			return fmt.Errorf("an event lacks a field")
		}
	}
	return nil
}

func functions(body []byte) error {
	var all map[string]function
	if err := json.Unmarshal(body, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("no functions")
	}
	for name, each := range all {
		if each.Name == nil || *each.Name != name || each.Function == nil || each.Description == nil || each.Module == nil || each.Group == nil {
			return fmt.Errorf("%s lacks a field, or has another name inside", name)
		}
		for _, param := range each.Params {
			if param.Name == nil || param.Type == nil {
				return fmt.Errorf("%s: a parameter without name or type", name)
			}
		}
	}
	return nil
}

func into(value any) func([]byte) error {
	return func(body []byte) error { return json.Unmarshal(body, value) }
}

var kinds = map[string]func([]byte) error{
	"render":    render,
	"rule":      rule,
	"find":      find,
	"events":    events,
	"functions": functions,
	"tags":      into(&[]string{}),
	"version":   into(new(string)),
	"expand":    into(&struct{ Results []string }{}),
}

func main() {
	var answers []answer
	if err := json.NewDecoder(os.Stdin).Decode(&answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	faults := make([]string, len(answers))
	for number, each := range answers {
		decode, known := kinds[each.Kind]
		if !known {
			faults[number] = "no such kind: " + each.Kind
		} else if err := decode([]byte(each.Body)); err != nil {
			faults[number] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(faults)
}
