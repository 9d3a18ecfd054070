package ups_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"

	"github.com/fairlead/fairlead/infra/carriersim"
)

// errata are where UPS's own schemas contradict UPS's own answers: the path of a schema's keyword, and why it goes.
var errata = map[string][][2]string{
	"Shipping.yaml": {
		{"ShipmentResults_BillingWeight/properties/Weight/minLength", "it demands eight characters; recorded answers have 2.5"},
		{"LabelImage_LabelImageFormat/properties/Code/minLength", "it demands four letters; the values it lists have three"},
	},
	"Rating.yaml": {
		{"RatedShipment_Service/properties/Description/minLength", "it demands a character; recorded answers have none"},
	},
}

// TestAnswersObeyUPSsOwnSchemas checks one answer of each kind, the newest version of each operation.
func TestAnswersObeyUPSsOwnSchemas(t *testing.T) {
	dir := os.Getenv("FAIRLEAD_SPECS")
	if dir == "" {
		t.Log("UPS's own schemas are not checked: FAIRLEAD_SPECS names no folder")
		return
	}
	r := newRig(t, carriersim.Options{})
	answer := func(method, path string, v any) object {
		t.Helper()
		resp, body := r.call(method, path, v)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", path, resp.StatusCode, body)
		}
		return body
	}
	ship := func(v object) object {
		set("Request/SubVersion", "2409")(v)
		return answer(http.MethodPost, shipPath, v)
	}
	number := dig(t, ship(request("GIF", "a")), "ShipmentResponse", "ShipmentResults", "ShipmentIdentificationNumber").(string)
	ship(request("GIF", "a"))
	timed := rated(ask("Shipment/DeliveryTimeInformation", object{"PackageBillType": "03"}), ask("Shipment/ShipTo/Address/ResidentialAddressIndicator", ""))
	shipping, rating, address := schemas(t, dir, "Shipping.yaml"), schemas(t, dir, "Rating.yaml"), schemas(t, dir, "AddressValidation.yaml")
	for name, c := range map[string]struct {
		schema *openapi3.Schema
		body   object
	}{
		"booking":              {shipping["SHIPResponseWrapper"].Value, ship(request("PNG", "b", "1", "2"))},
		"booking abroad":       {shipping["SHIPResponseWrapper"].Value, ship(invoiced("DE", "", "10115"))},
		"recovery":             {shipping["LABELRECOVERYResponseWrapper"].Value, answer(http.MethodPost, recoveryPath, withContext(byNumber(number, "GIF")))},
		"recovery of several":  {shipping["LABELRECOVERYResponseWrapper"].Value, answer(http.MethodPost, recoveryPath, withContext(byReference("a", "GIF")))},
		"rate":                 {rating["RATEResponseWrapper"].Value, answer(http.MethodPost, "/api/rating/v2409/Rate", inquiry("1", "2"))},
		"shop with times":      {rating["RATEResponseWrapper"].Value, answer(http.MethodPost, "/api/rating/v2409/Shoptimeintransit", timed)},
		"a valid address":      {address["XAVResponseWrapper"].Value, answer(http.MethodPost, "/api/addressvalidation/v2/3", where(nil))},
		"an ambiguous address": {address["XAVResponseWrapper"].Value, answer(http.MethodPost, "/api/addressvalidation/v2/3", where(lineOf("1 Ambiguous")))},
		"no address":           {address["XAVResponseWrapper"].Value, answer(http.MethodPost, "/api/addressvalidation/v2/3", where(lineOf("Nowhere")))},
		"void of a package":    {shipping["VOIDSHIPMENTResponseWrapper"].Value, withoutReference(answer(http.MethodDelete, voidPath+number+naming(number), nil))},
		"void":                 {shipping["VOIDSHIPMENTResponseWrapper"].Value, withoutReference(answer(http.MethodDelete, voidPath+number, nil))},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.schema.VisitJSON(c.body, openapi3.MultiErrors()); err != nil {
				t.Error(reasons(err))
			}
		})
	}
}

// withContext gives a recovery request a context, so that TransactionReference is an object as the schema has it:
// without one UPS answers "".
func withContext(v object) object {
	v["LabelRecoveryRequest"].(object)["Request"] = object{"TransactionReference": object{"CustomerContext": "c"}}
	return v
}

// withoutReference takes that "" from a void's answer, which has no context to give.
func withoutReference(v object) object {
	delete(v["VoidShipmentResponse"].(object)["Response"].(object), "TransactionReference")
	return v
}

func reasons(err error) string {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []string
		for _, e := range many {
			all = append(all, reasons(e))
		}
		return strings.Join(all, "; ")
	}
	if one, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return "/" + strings.Join(one.JSONPointer(), "/") + " " + one.Reason
	}
	return err.Error()
}

// schemas loads the schemas of one of UPS's files, with its errata, and forbids what they don't name. Only they are
// read: the files are no valid documents, and no strict YAML (they have tabs).
func schemas(t *testing.T, dir, file string) openapi3.Schemas {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "ups", file))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct{ Schemas object }
	}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(string(raw), "\t", "  ")), &doc); err != nil {
		t.Fatal(err)
	}
	all := doc.Components.Schemas
	for _, e := range errata[file] {
		steps := strings.Split(e[0], "/")
		at := all
		for _, step := range steps[:len(steps)-1] {
			at = dig(t, at, step).(object)
		}
		if last := steps[len(steps)-1]; at[last] == nil {
			t.Errorf("%s is mended: the erratum goes", e[0])
		} else {
			delete(at, last)
		}
	}
	closed(all)
	small, err := json.Marshal(object{"openapi": "3.0.3", "info": object{"title": "UPS", "version": "1"}, "paths": object{}, "components": object{"schemas": all}})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Components.Schemas
}

func closed(v any) {
	switch v := v.(type) {
	case object:
		if _, ok := v["properties"].(object); ok && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, child := range v {
			closed(child)
		}
	case []any:
		for _, child := range v {
			closed(child)
		}
	}
}
