package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/shared/client"
)

var ratesCommand = command{
	name: "rates", args: "FILE|-|ID", about: "Show what a shipment would cost, the cheapest first",
	more: `FILE has the addresses and parcels as JSON (RateRequest); an order does as well, of which the account is
asked that it names. ID is a draft's. A rate is booked by its id: give it as "rate" in an order, in
place of service and carrier_account.`,
	prepare: func(*flag.FlagSet) action {
		return func(ctx context.Context, t *task, args []string) error {
			if len(args) != 1 {
				return &usageError{"name one file, - for what is piped in, or a draft"}
			}
			path, body := "/v1/rates", []byte(nil)
			if strings.HasPrefix(args[0], "shp_") {
				path = "/v1/shipments/" + args[0] + "/rates"
			} else {
				data, err := t.read(args[0])
				if err != nil {
					return err
				}
				body = question(data)
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			var in any
			if body != nil {
				in = body
			}
			a, err := c.Do(ctx, "POST", path, in)
			if err != nil {
				return err
			}
			return t.rates(a.Body)
		}
	},
}

// question is what to ask for: of an order, what matters for its price.
func question(data []byte) []byte {
	var o map[string]json.RawMessage
	if json.Unmarshal(data, &o) != nil {
		return data
	}
	matters := []string{"carrier_accounts", "services", "ship_from", "ship_to", "parcels", "customs"}
	isOrder := false
	for _, k := range []string{"reference", "confirm", "service", "carrier_account", "label", "order_number", "priority", "metadata", "filter"} {
		isOrder = isOrder || o[k] != nil
	}
	if !isOrder {
		return data
	}
	var account string
	if json.Unmarshal(o["carrier_account"], &account) == nil && account != "" {
		o["carrier_accounts"], _ = json.Marshal([]string{account})
	}
	for k := range o {
		if !slices.Contains(matters, k) {
			delete(o, k)
		}
	}
	out, err := json.Marshal(o)
	if err != nil {
		return data
	}
	return out
}

// rates prints what each account offers, and why others don't. No offer at all is a failure.
func (t *task) rates(body []byte) error {
	var found client.RateList
	if err := json.Unmarshal(body, &found); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	if t.json {
		t.raw(body)
	} else if len(found.Data) > 0 {
		var rows [][]string
		for _, r := range found.Data {
			days := ""
			if r.BusinessDays != nil {
				days = fmt.Sprint(*r.BusinessDays)
			}
			own := ""
			if r.Negotiated {
				own = "negotiated"
			}
			rows = append(rows, []string{money(r.Total), r.Service, r.ServiceTitle, days, text(r.DeliveryDate), r.CarrierAccount, own, r.ID})
		}
		t.table([]string{"TOTAL", "SERVICE", "TITLE", "DAYS", "DELIVERY", "ACCOUNT", "PRICE", "RATE"}, rows)
		t.note("good until %s", when(found.ExpiresAt))
	}
	for _, p := range found.Problems {
		t.note("%s offers nothing: %s (%s, says the %s)", p.CarrierAccount, p.Detail, p.Code, p.Source)
		for _, e := range p.Errors {
			t.note("  %s: %s", e.Field, e.Detail)
		}
	}
	if len(found.Data) == 0 {
		return &exit{exitFailed, "there is no rate"}
	}
	return nil
}

// addAccount adds an account with a carrier.
func (t *task) addAccount(ctx context.Context, in client.CarrierAccountRequest, credentials string) error {
	if in.Carrier == "" || in.Number == "" {
		return &usageError{"give -carrier and -number"}
	}
	if credentials != "" {
		data, err := t.read(credentials)
		if err != nil {
			return err
		}
		if json.Unmarshal(data, &in.Credentials) != nil { // the error could hold a part of them
			return fmt.Errorf("%s: credentials are a JSON object of texts", credentials)
		}
	}
	c, err := t.connect()
	if err != nil {
		return err
	}
	var a client.Answer
	made, err := c.CreateCarrierAccount(ctx, in, client.Into(&a))
	if err != nil {
		return err
	}
	if t.json {
		t.raw(a.Body)
		return nil
	}
	t.table(accountHeading, [][]string{accountRow(made)})
	return nil
}
