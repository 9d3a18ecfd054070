package client

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// answer is what an operation of the contract does.
func (f *Fake) answer(r *http.Request, id string, body []byte) *httptest.ResponseRecorder {
	path := r.URL.Path
	if id != "" {
		path = strings.Replace(path, id, "{id}", 1)
	}
	switch r.Method + " " + path {
	case "POST /v1/shipments":
		return f.create(r, body)
	case "GET /v1/shipments":
		return f.list(r.URL.Query())
	case "GET /v1/shipments/{id}", "PATCH /v1/shipments/{id}", "POST /v1/shipments/{id}/confirm", "GET /v1/shipments/{id}/label":
		i := slices.IndexFunc(f.shipments, func(s *kept) bool { return s.ID == id })
		if i < 0 {
			return problem(404, "not_found", "There is no shipment "+id)
		}
		return f.shipment(r, f.shipments[i], body)
	case "POST /v1/api-keys":
		k := APIKeyWithSecret{ID: "k1", Object: APIKeyObjectAPIKey, Name: "till", Scopes: []Scope{ScopeRead}, Mode: ModeTest, CreatedAt: noon, Key: "fl_test_k1_x"}
		f.Kept["/v1/api-keys"] = append(f.Kept["/v1/api-keys"], APIKey{ID: k.ID, Object: k.Object, Name: k.Name, Scopes: k.Scopes, Mode: k.Mode, CreatedAt: k.CreatedAt})
		return reply(201, k)
	case "DELETE /v1/api-keys/{id}":
		if len(f.Kept["/v1/api-keys"]) == 0 {
			return problem(404, "not_found", "There is no API key "+id)
		}
		delete(f.Kept, "/v1/api-keys")
		return recorder(http.StatusNoContent, "", nil)
	}
	if all, ok := f.Kept[r.URL.Path]; ok && r.Method == "GET" {
		return page(r.URL.Query(), all)
	}
	return problem(404, "not_found", r.Method+" "+path+" is not played here.")
}

func (f *Fake) create(r *http.Request, body []byte) *httptest.ResponseRecorder {
	var in ShipmentRequest
	var plain map[string]any
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &plain) != nil {
		return problem(400, "invalid_json", "The body is not JSON.")
	}
	delete(plain, "confirm")
	same, _ := json.Marshal(plain)
	key := "key " + r.Header.Get("Idempotency-Key")
	if in.Reference != nil {
		key = "ref " + *in.Reference
	}
	if key == "key " {
		return problem(400, "idempotency_required", "It needs a reference or an Idempotency-Key.")
	}
	i := slices.IndexFunc(f.shipments, func(s *kept) bool { return s.key == key })
	if i >= 0 && f.shipments[i].body != string(same) {
		return problem(422, "reference_taken", "It names another shipment.")
	}
	replayed := i >= 0
	if !replayed {
		i = len(f.shipments)
		f.shipments = append(f.shipments, &kept{key: key, body: string(same), Shipment: Shipment{
			ID: fmt.Sprintf("shp_%d", i+1), Object: ShipmentObjectShipment, Mode: ModeTest, Status: StatusDraft, Version: 1, Reference: in.Reference,
			OrderNumber: in.OrderNumber, Priority: PriorityStandard, Service: *in.Service, CarrierAccount: *in.CarrierAccount, ShipFrom: &in.ShipFrom, ShipTo: &in.ShipTo,
			Parcels: in.Parcels, Label: &LabelRequest{Format: new(LabelFormatZPL)}, Document: DocumentStateNone, CreatedAt: noon, UpdatedAt: noon,
		}})
	}
	s := f.shipments[i]
	if in.Confirm != nil && *in.Confirm && s.Status == StatusDraft {
		f.confirm(s)
	}
	rec := f.show(r, s, replayed)
	switch {
	case replayed:
		rec.Header().Set("Idempotent-Replayed", "true")
	case s.Ended():
		rec.Code = http.StatusCreated
	default:
		rec.Code = http.StatusAccepted
	}
	return rec
}

func (f *Fake) confirm(s *kept) {
	s.Status, s.ahead, s.Attempts = StatusPending, slices.Clone(f.Path), s.Attempts+1
	s.Version++
}

func (f *Fake) shipment(r *http.Request, s *kept, body []byte) *httptest.ResponseRecorder {
	match := r.Header.Get("If-Match")
	switch {
	case r.Method == "GET" || match == strconv.Quote(strconv.FormatInt(s.Version, 10)):
	case match == "":
		return problem(428, "if_match_required", "Send If-Match.")
	case r.Method == "PATCH" && match == strconv.Quote(strconv.FormatInt(s.Version-1, 10)) && s.says(body): // the same change again
		return f.show(r, s, true)
	default:
		rec := problem(412, "version_mismatch", "It has another version.")
		var p map[string]any
		_ = json.Unmarshal(rec.Body.Bytes(), &p)
		p["shipment"] = s.Shipment
		return recorder(412, "application/problem+json", p)
	}
	switch {
	case r.Method == "PATCH":
		var patch any
		was, err := plain(s.Shipment)
		if err != nil || json.Unmarshal(body, &patch) != nil {
			return problem(400, "invalid_json", "The body is not JSON.")
		}
		now, _ := json.Marshal(merged(was, patch))
		s.Shipment = Shipment{}
		if err := json.Unmarshal(now, &s.Shipment); err != nil {
			return problem(422, "invalid_request", err.Error())
		}
		s.Version++
	case r.Method == "POST":
		f.confirm(s)
		rec := f.show(r, s, false)
		if !s.Ended() {
			rec.Code = http.StatusAccepted
		}
		return rec
	case strings.HasSuffix(r.URL.Path, "/label"):
		return f.label(r, s)
	}
	return f.show(r, s, false)
}

// says tells whether a change would change nothing.
func (s *kept) says(body []byte) bool {
	state, err := plain(s.Shipment)
	patch, bad := parse(body)
	return err == nil && bad == nil && reflect.DeepEqual(state, merged(state, patch))
}

// show is a shipment as somebody sees it who looks: one step further, when there is one.
func (f *Fake) show(r *http.Request, s *kept, replayed bool) *httptest.ResponseRecorder {
	waits := r.Header.Get("Prefer") != ""
	if len(s.ahead) > 0 && (waits || r.Method == "GET") {
		s.Status, s.ahead = s.ahead[0], s.ahead[1:]
		s.Version++
	}
	out := s.Shipment
	if s.Status == StatusBooked {
		s.Document, s.TrackingNumber = DocumentStateReady, new("1Z"+s.ID)
		if out = s.Shipment; waits {
			out.LabelFile = &LabelFile{MediaType: "application/zpl", Content: []byte("^XA " + s.ID + " ^XZ")}
		}
	}
	if s.Status == StatusFailed {
		out.Error = &ShipmentError{Source: SourceCarrier, Code: "120100", Detail: "Missing or invalid shipper number"}
	}
	status := http.StatusOK
	if waits && r.Method == "GET" && !out.Ended() {
		status = http.StatusAccepted
	}
	rec := reply(status, out)
	rec.Header().Set("ETag", strconv.Quote(strconv.FormatInt(s.Version, 10)))
	return rec
}

// label hands the label out as bytes, or as a link when JSON is asked for.
func (f *Fake) label(r *http.Request, s *kept) *httptest.ResponseRecorder {
	if s.Document != DocumentStateReady {
		return problem(404, "label_not_ready", "There is no label yet.")
	}
	switch media := r.Header.Get("Accept"); media {
	case "application/json":
		return reply(200, DocumentLink{Object: DocumentLinkObjectDocumentLink, URL: f.Elsewhere + "/files/" + s.ID + "?signature=t0ps3cret", MediaType: "application/zpl", SizeBytes: 3, ExpiresAt: noon})
	case "application/zpl", "application/pdf":
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", media)
		rec.Header().Set("Content-Disposition", `inline; filename="`+*s.TrackingNumber+`"`)
		_, _ = rec.WriteString("label as " + media)
		return rec
	case "image/png": // as if it were a large one
		rec := recorder(http.StatusSeeOther, "", nil)
		rec.Header().Set("Location", f.Elsewhere+"/files/"+s.ID+"?signature=t0ps3cret")
		return rec
	default:
		return problem(406, "accept_required", "Send the media type alone, not "+media)
	}
}

// list looks at two shipments a page, whatever the limit, so that a filter leaves pages empty.
func (f *Fake) list(q url.Values) *httptest.ResponseRecorder {
	from, _ := strconv.Atoi(q.Get("cursor"))
	out := ShipmentPage{Object: ListObjectList, Data: []Shipment{}}
	for i := from; i < min(from+2, len(f.shipments)); i++ {
		s := f.shipments[i].Shipment
		if (q.Get("status") == "" || q.Get("status") == string(s.Status)) && (q.Get("reference") == "" || s.Reference != nil && q.Get("reference") == *s.Reference) {
			out.Data = append(out.Data, s)
		}
	}
	if from+2 < len(f.shipments) {
		out.NextCursor = new(strconv.Itoa(from + 2))
	}
	return reply(200, out)
}

// page is a page of anything.
func page(q url.Values, all []any) *httptest.ResponseRecorder {
	from, _ := strconv.Atoi(q.Get("cursor"))
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = 20
	}
	to := min(from+limit, len(all))
	out := map[string]any{"object": "list", "data": all[from:to]}
	if to < len(all) {
		out["next_cursor"] = strconv.Itoa(to)
	}
	return reply(200, out)
}

func reply(status int, body any) *httptest.ResponseRecorder {
	return recorder(status, "application/json", body)
}

func problem(status int, code, detail string, header ...string) *httptest.ResponseRecorder {
	rec := recorder(status, "application/problem+json", map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code,
		"detail": detail, "request_id": "req_1", "source": "fairlead"})
	for i := 0; i < len(header); i += 2 {
		rec.Header().Set(header[i], header[i+1])
	}
	return rec
}

func recorder(status int, media string, body any) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	rec.Header().Set("X-Request-Id", "req_1")
	rec.Header().Set("Api-Version", string(APIVersionN20261101))
	if media != "" {
		rec.Header().Set("Content-Type", media)
	}
	rec.Code = status
	if body != nil {
		if err := json.NewEncoder(rec.Body).Encode(body); err != nil {
			panic(err)
		}
	}
	return rec
}

// Order is a good order; "" is one without a reference.
func Order(reference string) ShipmentRequest {
	at := Address{Name: "Jo Doe", Lines: []string{"2 Side Street"}, City: "Boston", State: new("MA"), Postcode: new("02108"), Country: "US"}
	o := ShipmentRequest{Service: new("sim_standard"), CarrierAccount: new("ca_1"), ShipFrom: at, ShipTo: at, Parcels: []Parcel{{WeightG: 1200}}}
	if reference != "" {
		o.Reference = new(reference)
	}
	return o
}

// merged is MergePatch of RFC 7396, section 2. It changes neither.
func merged(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if was, ok := target.(map[string]any); ok {
		out = maps.Clone(was)
	}
	for k, v := range changes {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = merged(out[k], v)
	}
	return out
}
