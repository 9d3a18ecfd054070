package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/shared/client"
)

var (
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	home = client.Address{Name: "Jo Doe", Lines: []string{"2 Side Street"}, City: "Boston", State: new("MA"), Postcode: new("02108"), Country: "US"}
)

// shipment is one of the API's with a status; change makes it another.
func shipment(status client.Status, change ...func(*client.Shipment)) client.Shipment {
	s := client.Shipment{ID: "shp_1", Object: client.ShipmentObjectShipment, Mode: client.ModeTest, Status: status, Version: 3, Reference: new("order-1"), Priority: client.PriorityStandard,
		Service: "sim_standard", CarrierAccount: "ca_1", ShipFrom: &home, ShipTo: &home, Parcels: []client.Parcel{{WeightG: 1200}}, Document: client.DocumentStateNone, CreatedAt: noon, UpdatedAt: noon,
		Label: &client.LabelRequest{Format: new(client.LabelFormatZPL), Size: new(client.LabelSizeN4X6)}}
	if status == client.StatusBooked {
		s.TrackingNumber, s.Document, s.Charge = new("SIM1"), client.DocumentStateReady, &client.Money{Amount: 1234, Currency: "USD"}
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func refusal(status int, code string, fields ...client.FieldProblem) answer {
	p := map[string]any{"type": "about:blank", "title": "x", "status": status, "code": code, "detail": "That can't be.", "request_id": "req_7", "source": "fairlead"}
	if fields != nil {
		p["errors"] = fields
	}
	return answer{status: status, body: p}
}

// order is an order as a file has it; members come on top.
func order(members string) string {
	at, _ := json.Marshal(home)
	return fmt.Sprintf(`{%s"service": "sim_standard", "carrier_account": "ca_1", "ship_from": %s, "ship_to": %s, "parcels": [{"weight_g": 1200}]}`, members, at, at)
}

const named1 = `"reference": "order-1", `

func file(t *testing.T, name, content string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestHelp(t *testing.T) {
	all := runWith(t, nil, "", "help")
	all.ends(t, exitDone, "usage: fairlead COMMAND")
	for _, c := range commands() {
		t.Run(c.name+" is told of, by two words", func(t *testing.T) {
			if !strings.Contains(all.out, c.name+" ") || !strings.Contains(all.out, c.about) {
				t.Error(all.out)
			}
			one := runWith(t, nil, "", "help", c.name)
			one.ends(t, exitDone, "usage: fairlead "+c.name, "-json", "-url")
			if other := runWith(t, nil, "", c.name, "-h"); other != one {
				t.Errorf("-h tells something else: %+v", other)
			}
		})
	}
	for name, args := range map[string][]string{
		"no command": {}, "a command that there is not": {"ship"}, "help on one that there is not": {"help", "ship"}, "a flag that there is not": {"get", "-colour", "red"},
		"no id": {"get"}, "two ids": {"get", "a", "b"}, "an id and a reference": {"get", "shp_1", "-ref", "x"}, "no file": {"book"}, "a label to nowhere": {"label", "shp_1"},
		"a parcel of two shipments": {"label", "a", "b", "-o", "x", "-parcel", "1"}, "a time that is none": {"list", "-since", "soon"}, "words behind a list": {"list", "all"},
		"an account without a number": {"accounts", "add", "-carrier", "sim"}, "an account without add": {"accounts", "-carrier", "sim"},
	} {
		t.Run(name+" makes no sense", func(t *testing.T) {
			runWith(t, nil, "", args...).ends(t, exitUsage)
		})
	}
}

func TestConnect(t *testing.T) {
	answers := map[string][]answer{"GET /v1/api-keys": {{status: 200, body: map[string]any{"object": "list", "data": []any{}}}}}
	t.Run("the key may be in a file, and the URL a flag", func(t *testing.T) {
		s := serve(t, answers)
		runWith(t, nil, "", "keys", "-url", s.URL, "-key-file", file(t, "key", secret+"\n")).ends(t, exitDone, "nothing was found")
	})
	t.Run("without a key it says what to do", func(t *testing.T) {
		t.Chdir(t.TempDir())
		runWith(t, map[string]string{"FAIRLEAD_URL": "https://api.example.com"}, "", "keys").ends(t, exitUsage, "set FAIRLEAD_API_KEY")
	})
	t.Run("the local stack's key is taken, for this machine only", func(t *testing.T) {
		s := serve(t, answers)
		t.Chdir(t.TempDir())
		if err := os.MkdirAll(".fairlead", 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(localFile, []byte(`{"key": "`+secret+`"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		runWith(t, map[string]string{"FAIRLEAD_URL": s.URL}, "", "keys").ends(t, exitDone)
		runWith(t, map[string]string{"FAIRLEAD_URL": "https://api.example.com"}, "", "keys").ends(t, exitUsage, "there is no API key")
		runWith(t, map[string]string{"FAIRLEAD_URL": "https://127.0.0.1.example.com"}, "", "keys").ends(t, exitUsage, "there is no API key")
	})
	t.Run("a key that is none is not printed", func(t *testing.T) {
		runWith(t, map[string]string{"FAIRLEAD_API_KEY": "s3cr3t s3cr3t", "FAIRLEAD_URL": "https://api.example.com"}, "", "keys").ends(t, exitUsage, "the API key is missing or has")
	})
}

func TestBook(t *testing.T) {
	booked := shipment(client.StatusBooked, func(s *client.Shipment) {
		s.LabelFile = &client.LabelFile{MediaType: "application/zpl", Content: []byte("^XA^XZ")}
	})
	t.Run("a shipment is booked, shown, and its label written", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 201, body: booked}}})
		to := filepath.Join(t.TempDir(), "label.zpl")
		r := s.fairlead("", "book", file(t, "order.json", order(named1)), "-label", to, "-format", "zpl", "-size", "4x6")
		r.ends(t, exitDone, "shp_1", "booked", "SIM1", "12.34 USD", "order-1", "Jo Doe, Boston, MA, US", "wrote "+to)
		if got, err := os.ReadFile(to); err != nil || string(got) != "^XA^XZ" {
			t.Errorf("%q, %v", got, err)
		}
		s.asked(`POST /v1/shipments? {"confirm":true,"label":{"format":"zpl","size":"4x6"},"reference": "order-1",`)
	})
	t.Run("what is piped in as well, and the label to the standard output alone", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 201, body: booked}}})
		r := s.fairlead(order(""), "book", "-", "-reference", "order-1", "-label", "-")
		r.ends(t, exitDone)
		if r.out != "^XA^XZ" || !strings.Contains(r.err, "SIM1") {
			t.Errorf("out %q", r.out)
		}
	})
	t.Run("with -json it is what the API answered", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 202, body: shipment(client.StatusPending)}}, "GET /v1/shipments/shp_1": {{status: 200, body: booked}}})
		r := s.fairlead(order(named1), "book", "-", "-json")
		r.ends(t, exitDone)
		var got client.Shipment
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || cmp.Diff(booked, got) != "" || strings.Count(r.out, "\n") != 1 {
			t.Errorf("%v in %s", err, r.out)
		}
	})
	t.Run("the file's name says what label is ordered", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 201, body: shipment(client.StatusBooked, func(s *client.Shipment) {
			s.Label.Format, s.LabelFile = new(client.LabelFormatPDF), &client.LabelFile{MediaType: "application/pdf", Content: []byte("%PDF")}
		})}}})
		s.fairlead(order(named1), "book", "-", "-label", filepath.Join(t.TempDir(), "l.pdf")).ends(t, exitDone, "application/pdf, 4 bytes")
		s.asked(`POST /v1/shipments? {"confirm":true,"label":{"format":"pdf"},`)
	})
	t.Run("an order that has a label of its own stays as it is, and the label is converted", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 201, body: shipment(client.StatusBooked, func(s *client.Shipment) { s.Label.Format = new(client.LabelFormatPNG) })}},
			"GET /v1/shipments/shp_1/label": {{status: 200, body: []byte("%PDF"), media: "application/pdf"}}})
		dir := t.TempDir()
		s.fairlead(order(named1+`"label": {"format": "png"}, `), "book", "-", "-label", dir, "-format", "pdf").ends(t, exitDone, filepath.Join(dir, "SIM1.pdf"))
		s.asked(`POST /v1/shipments? {"confirm":true,"reference": "order-1", "label": {"format": "png"}`, "GET /v1/shipments/shp_1/label?format=pdf")
	})
	t.Run("an order that was made before is said to be", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 200, body: booked, header: map[string]string{"Idempotent-Replayed": "true"}}}})
		s.fairlead(order(named1), "book", "-").ends(t, exitDone, "was ordered before", "SIM1")
	})
	for name, c := range map[string]struct {
		s      client.Shipment
		status int
		say    string
	}{
		"failed": {shipment(client.StatusFailed, func(s *client.Shipment) {
			s.Error = &client.ShipmentError{Source: "carrier", Code: "120100", Detail: "No\x1b[31m such number"}
		}), exitFailed, "120100, carrier: No[31m such number"},
		"unknown":              {shipment(client.StatusUnknown), exitUnfinished, "don't order it again"},
		"pending":              {shipment(client.StatusPending), exitUnfinished, "it is still pending"},
		"booked without label": {shipment(client.StatusBooked, func(s *client.Shipment) { s.Document = client.DocumentStatePending }), exitUnfinished, "its label is not there yet"},
		"held":                 {shipment(client.StatusUnknown, func(s *client.Shipment) { s.Held = true }), exitUnfinished, "a person has to decide"},
	} {
		t.Run("one that is "+name+" as the time is up ends with its status", func(t *testing.T) {
			s := serve(t, map[string][]answer{"POST /v1/shipments": {{status: 202, body: c.s}}, "GET /v1/shipments/shp_1": {{status: 200, body: c.s}}})
			s.fairlead(order(named1), "book", "-", "-wait", "1ms").ends(t, c.status, c.say)
		})
	}
	t.Run("what the API refuses is told with each field and the request", func(t *testing.T) {
		s := serve(t, map[string][]answer{"POST /v1/shipments": {refusal(422, "invalid_request", client.FieldProblem{Field: "colour", Code: "unknown_field", Detail: "There is no such field."})}})
		s.fairlead(order(named1+`"colour": "red", `), "book", "-").ends(t, exitFailed, "422 invalid_request", "That can't be.", "colour", "There is no such field.", "req_7")
		s.asked(`POST /v1/shipments? {"confirm":true,"reference": "order-1", "colour": "red"`)
	})
	for name, c := range map[string]struct {
		in     string
		args   []string
		status int
		say    string
	}{
		"an order without a reference, which could be booked twice": {order(""), nil, exitUsage, "the order has no reference"},
		"a draft":                 {order(named1 + `"confirm": false, `), nil, exitUsage, `"confirm": false`},
		"two references":          {order(named1), []string{"-reference", "order-2"}, exitUsage, "a reference of its own"},
		"one name for many":       {"[" + order("") + "]", []string{"-reference", "order-1"}, exitUsage, "a list"},
		"what is not JSON":        {"{\n\"a\": }", nil, exitFailed, "not JSON, line 2"},
		"an empty file":           {"", nil, exitFailed, "no order"},
		"an empty list":           {"[]", nil, exitFailed, "empty"},
		"a number":                {"7", nil, exitFailed, "an order is a JSON object"},
		"more than the API takes": {strings.Repeat(" ", largestFile+1), nil, exitFailed, "more than"},
	} {
		t.Run(name+" is not sent", func(t *testing.T) {
			s := serve(t, nil)
			s.fairlead(c.in, append([]string{"book", "-"}, c.args...)...).ends(t, c.status, c.say)
			s.asked()
		})
	}
}

func TestGet(t *testing.T) {
	failed := shipment(client.StatusFailed)
	t.Run("by id, whatever became of it", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1": {{status: 200, body: failed}}})
		s.fairlead("", "get", "shp_1").ends(t, exitDone, "failed")
	})
	t.Run("by reference", func(t *testing.T) {
		s := serve(t, map[string][]answer{
			"GET /v1/shipments":       {{status: 200, body: client.ShipmentPage{Object: client.ListObjectList, Data: []client.Shipment{failed}}}},
			"GET /v1/shipments/shp_1": {{status: 200, body: failed}},
		})
		s.fairlead("", "get", "-ref", "order-1").ends(t, exitDone, "shp_1")
		s.asked("GET /v1/shipments?reference=order-1", "GET /v1/shipments/shp_1")
	})
	t.Run("a reference that nobody used", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments": {{status: 200, body: client.ShipmentPage{Object: client.ListObjectList, Data: []client.Shipment{}}}}})
		s.fairlead("", "get", "-ref", "order-1").ends(t, exitFailed, `no shipment with the reference "order-1"`)
	})
	t.Run("with -wait it ends as the shipment does", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_1": {{status: 202, body: shipment(client.StatusBooking)}, {status: 200, body: failed}}})
		s.fairlead("", "get", "shp_1", "-wait", "1m").ends(t, exitFailed, "failed")
	})
	t.Run("what there is not", func(t *testing.T) {
		s := serve(t, map[string][]answer{"GET /v1/shipments/shp_9": {refusal(404, "not_found")}})
		s.fairlead("", "get", "shp_9").ends(t, exitFailed, "404 not_found", "req_7")
	})
}

func TestCancel(t *testing.T) {
	with := func(status client.CancellationStatus) client.Shipment {
		return shipment(client.StatusBooked, func(s *client.Shipment) {
			s.Cancellation = &client.Cancellation{Status: status, Code: new("190102"), Detail: new("No shipment found within the allowed void period")}
		})
	}
	for name, c := range map[string]struct {
		first, then client.Shipment
		status      int
		say         string
	}{
		"before it is booked":        {shipment(client.StatusCancelled), shipment(client.StatusCancelled), exitDone, "cancelled"},
		"and voided by the carrier":  {with(client.CancellationStatusInProgress), shipment(client.StatusCancelled), exitDone, "cancelled"},
		"and refused by the carrier": {with(client.CancellationStatusInProgress), with(client.CancellationStatusRefused), exitFailed, "190102: No shipment found"},
		"without an answer yet":      {with(client.CancellationStatusRequested), with(client.CancellationStatusRequested), exitUnfinished, "being cancelled"},
		"and nobody knows":           {with(client.CancellationStatusInProgress), with(client.CancellationStatusUnknown), exitUnfinished, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			status := 202
			if c.first.Status == client.StatusCancelled {
				status = 200
			}
			s := serve(t, map[string][]answer{"POST /v1/shipments/shp_1/cancel": {{status: status, body: c.first}}, "GET /v1/shipments/shp_1": {{status: 200, body: c.then}}})
			s.fairlead("", "cancel", "shp_1", "-wait", "1ms").ends(t, c.status, c.say)
		})
	}
}
