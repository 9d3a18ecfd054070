package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/infra/local/template"
)

// event is a sample event: one file of events/.
type event struct {
	file     string
	function template.Function
	name     string // function/case
	turn     int    // events of a lower turn come first
}

// turns put the events into an order in which one makes what another needs: first what creates, last what takes away.
// Within readers nothing depends on another.
const (
	creates = iota
	announces
	books
	readers
	changes
	confirms // what was changed
	cancels
	removes
)

func turnOf(name string) int {
	for turn, patterns := range map[int]string{
		creates: "^create-", announces: "^(relay|expand)-", books: "^book-", changes: "^(update|rotate|rate-shipment|test|recover|deliver|fan|suspend|resume|resolve|redrive|replay)",
		confirms: "^confirm-", cancels: "^cancel-", removes: "^(delete|revoke|erase)-",
	} {
		if regexp.MustCompile(patterns).MatchString(name) {
			return turn
		}
	}
	return readers
}

// events are the sample events that only matches, in the order in which they are invoked.
func events(only *regexp.Regexp) ([]event, error) {
	tpl, err := template.Load("template.yaml", template.Options{})
	if err != nil {
		return nil, err
	}
	var out []event
	for _, f := range tpl.Functions {
		files, err := filepath.Glob(filepath.Join("events", f.Folder, "*.json"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			name := f.Folder + "/" + strings.TrimSuffix(filepath.Base(file), ".json")
			if only.MatchString(name) {
				out = append(out, event{file, f, name, turnOf(name)})
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no event's name matches %s", only)
	}
	slices.SortFunc(out, func(a, b event) int {
		if a.turn != b.turn {
			return a.turn - b.turn
		}
		return strings.Compare(a.name, b.name)
	})
	return out, nil
}

// meant are the statuses of the events that are not answered with 200: what the case of each says.
var meant = map[string]int{
	"cancel-batch/example": 202, "cancel-shipment/example": 202, "confirm-shipment/draft": 202, "confirm-shipment/without-if-match": 428,
	"create-api-key/read-and-ship": 201, "create-batch/one-of-two-is-wrong": 202,
	"create-callback-endpoint/plain-http": 422, "create-callback-endpoint/two-events": 201,
	"create-carrier-account/ups": 201, "create-carrier-account/without-credentials": 422,
	"create-shipment/confirmed": 202, "create-shipment/draft": 201, "create-shipment/many-problems": 422, "create-shipment/not-json": 400,
	"delete-callback-endpoint/example": 204, "delete-carrier-account/example": 204, "revoke-api-key/example": 204,
	"get-batch-labels/zip":           404, // no row of the batch is booked: no queue brings it to the function that books
	"get-invoice/example":            404, // it crosses no customs border
	"get-labels/two-on-a-sheet":      422, // one of the two shipments is not there
	"get-shipment/unknown-id":        404,
	"list-shipments/limit-too-large": 400,
}

// unauthorized are the events that must fail, with the one error that API Gateway takes for a 401.
var unauthorized = []string{"authorizer/not-bearer", "authorizer/unknown-key"}

// refused are the events that an operator's function refuses in the sample world, with a part of what it says.
var refused = map[string]string{
	"replay-callbacks/event":  "no delivery of event",           // nothing was delivered yet
	"erase-tenant-data/begin": "some processes know that after", // its suspension is the event before
}

// wrong says what is not as meant in an answer, "" when nothing is.
func (e event) wrong(answer []byte) string {
	var a struct {
		StatusCode   int
		Body         string
		ErrorMessage *string
		Failures     []any `json:"batchItemFailures"`
	}
	_ = json.Unmarshal(answer, &a) // an answer may be anything; null and a list have none of these
	switch {
	case slices.Contains(unauthorized, e.name):
		if a.ErrorMessage == nil || *a.ErrorMessage != "Unauthorized" {
			return fmt.Sprintf("want the error Unauthorized, got %s", answer)
		}
	case refused[e.name] != "":
		if a.ErrorMessage == nil || !strings.Contains(*a.ErrorMessage, refused[e.name]) {
			return fmt.Sprintf("want a refusal with %q, got %s", refused[e.name], answer)
		}
	case a.ErrorMessage != nil:
		return fmt.Sprintf("the function failed: %s", answer)
	case len(a.Failures) > 0:
		return fmt.Sprintf("messages were not handled: %s", answer)
	case len(e.function.Routes) > 0:
		if want := e.status(); a.StatusCode != want {
			return fmt.Sprintf("want %d, got %d %s", want, a.StatusCode, a.Body)
		}
	}
	return ""
}

// status is what a route's event is meant to be answered with.
func (e event) status() int {
	if s, ok := meant[e.name]; ok {
		return s
	}
	return 200
}

// read gives the event itself.
func (e event) read() ([]byte, error) { return os.ReadFile(e.file) }
