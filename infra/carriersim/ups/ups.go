// Package ups speaks UPS's REST wire format as the real thing does, traps included: OAuth client credentials, Rating,
// Address Validation (street level), Shipping (create and void), Label Recovery and Track, after UPS's OpenAPI files
// (Rating.yaml, AddressValidation.yaml, Shipping.yaml, Tracking.yaml, OAuthClientCredentials.yaml of
// github.com/UPS-API/api-documentation). What those don't say is marked in codes.go and where it is decided.
//
// Words in the address lines decide what Address Validation finds, whatever their case:
//
//	NOWHERE        no candidates; likewise when the postal code can't lie in the state, or there is no line
//	AMBIGUOUS [n]  n candidates (3 when no number follows) and no match
//	MISSPELT       one candidate that differs: MAIN stands where it stood
//	otherwise      one candidate, which is the address in capitals with its four further digits
//
// and what kind of address it is: APT, UNIT or HOME make it residential (2), STE, SUITE, FL, DOCK or BLDG commercial
// (1); otherwise it is commercial with a ConsigneeName and unclassified (0) without one.
//
// The fault "garbled" is what UPS was seen to get wrong: a rate without amounts (the first of several), and a void whose
// every text is full of "&#xD;" and whose package results have another name. A booking then lacks its labels.
package ups

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/fairlead/fairlead/infra/carriersim/fault"
	"github.com/fairlead/fairlead/infra/carriersim/state"
)

// Carrier is UPS's name in the ledger.
const Carrier = "ups"

const maxBody = 5 << 20

// Options are what UPS is made of. All but the maps are required.
type Options struct {
	Now      func() time.Time
	Seed     uint64
	Ledger   *state.Ledger
	Tokens   *state.Tokens
	Switches *state.Switches
	Runner   *fault.Runner
	Log      *slog.Logger
	// Clients are the client ids and secrets that may log in. Empty: any id, and any secret without "wrong" in it.
	Clients map[string]string
	// Accounts are the shipper numbers that exist. Empty: every well-formed one.
	Accounts []string
	// TokenLife is how long a token is valid. 0: 14399 s, as UPS's.
	TokenLife time.Duration
}

// UPS is the simulated carrier. It is safe for concurrent use.
type UPS struct {
	o      Options
	serial atomic.Int64
}

// New continues from what the ledger holds.
func New(o Options) *UPS {
	if o.TokenLife == 0 {
		o.TokenLife = 14399 * time.Second
	}
	u := &UPS{o: o}
	u.serial.Store(int64(o.Ledger.Len()))
	return u
}

// Register adds UPS's paths to a mux.
func (u *UPS) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /security/v1/oauth/token", u.token)
	mux.HandleFunc("POST /api/shipments/{version}/ship", u.authorized(u.ship))
	mux.HandleFunc("DELETE /api/shipments/{version}/void/cancel/{number}", u.authorized(u.void))
	mux.HandleFunc("POST /api/labels/{version}/recovery", u.authorized(u.recovery))
	mux.HandleFunc("POST /api/rating/{version}/{option}", u.authorized(u.rating))
	mux.HandleFunc("POST /api/addressvalidation/{version}/{option}", u.authorized(u.address))
	mux.HandleFunc("GET /api/track/v1/reference/details/{reference}", u.authorized(u.trackReference))
	mux.HandleFunc("GET /api/track/v1/details/{number}", u.authorized(u.trackNumber))
}

// wireError is one element of response.errors.
type wireError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// alert is a warning beside a success.
func alert(code string) object { return object{"Code": code, "Description": alerts[code]} }

// object is a JSON object in the making.
type object = map[string]any

func send(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)                 // UPS sends & as it is
	if err := e.Encode(body); err != nil { // maps, slices and strings only
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", fmt.Sprint(text.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

func refuse(w http.ResponseWriter, status int, errs ...wireError) {
	w.Header().Set("Errorcode", errs[0].Code)
	w.Header().Set("Errordescription", errs[0].Message)
	send(w, status, object{"response": object{"errors": errs}})
}

// malformed is UPS's recorded answer to a body that it can't read: 200, and nothing in it.
func malformed(w http.ResponseWriter) {
	h := w.Header()
	h.Set("APIErrorCode", "1")
	h.Set("APIErrorMsg", "The request is not valid. Review for errors before re-submitting.")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// body reads a request's JSON with its numbers as they were written. It answers the request itself and returns
// false when there is nothing to work with.
func body(w http.ResponseWriter, r *http.Request) (any, bool) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, wireError{codeTooLarge, "The message is too large to be processed by the Application."})
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || !utf8.Valid(raw) || d.Decode(&v) != nil {
		malformed(w)
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		malformed(w)
		return nil, false
	}
	return v, true
}

// call is a request as the runner of faults sees it.
func call(op fault.Operation, r *http.Request, reference string, do func(lag time.Duration) fault.Answer) fault.Call {
	return fault.Call{Operation: op, Reference: reference, RequestID: r.Header.Get("transId"), Do: do,
		Fail: func(w http.ResponseWriter, f fault.Fault) { fail(w, op, f) }}
}

// fail says in UPS's words what a fault says.
func fail(w http.ResponseWriter, op fault.Operation, f fault.Fault) {
	switch f.Kind {
	case fault.Unauthorized:
		if op == fault.Token {
			refuse(w, http.StatusUnauthorized, wireError{codeBadClient, "ClientId is Invalid"})
			return
		}
		refuse(w, http.StatusUnauthorized, unauthorized())
	case fault.Throttled:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(f.RetryAfter))
		}
		refuse(w, http.StatusTooManyRequests, wireError{codeTooMany, "Too Many Requests"})
	case fault.Refuse:
		e := refusalOf(op)
		if f.Code != "" {
			e.Code = f.Code
		}
		refuse(w, http.StatusBadRequest, e)
	case fault.Empty, fault.EmptyAfter:
		malformed(w)
	default:
		outage(w, f.Status)
	}
}

// refusalOf is the likeliest refusal of an operation.
func refusalOf(op fault.Operation) wireError {
	switch op {
	case fault.Void:
		return wireError{codeNothingToVoid, nothingToVoid}
	case fault.Rate:
		return wireError{codeRateService, noService}
	case fault.Address:
		return wireError{codeAddressOption, "Invalid or missing request option."}
	}
	return wireError{codeAddressToState, "Address Validation Error on ShipTo address"}
}

// outage is a 5xx: from the application with UPS's error shape, from a gateway before it (502) without.
func outage(w http.ResponseWriter, status int) {
	switch status {
	case http.StatusBadGateway:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>")
	case http.StatusServiceUnavailable:
		refuse(w, status, wireError{codeUnavailable, "The service is temporarily unavailable"})
	default:
		refuse(w, http.StatusInternalServerError, wireError{codeUnavailable, "The service is temporarily unavailable"})
	}
}

func unauthorized() wireError {
	return wireError{codeUnauthorized, "Invalid Authentication Information."}
}

// answer wraps a 200 with a body.
func answer(v any) fault.Answer {
	return fault.Answer{Write: func(w http.ResponseWriter) { send(w, http.StatusOK, v) }}
}

func refusal(errs ...wireError) fault.Answer {
	return fault.Answer{Write: func(w http.ResponseWriter) { refuse(w, http.StatusBadRequest, errs...) }}
}

// broken is the answer when the simulator itself can't work (its journal can't be written).
func (u *UPS) broken(err error) fault.Answer {
	u.o.Log.Error("the simulator can't record", "error", err)
	return fault.Answer{Write: func(w http.ResponseWriter) { outage(w, http.StatusInternalServerError) }}
}

// without is a JSON value without the members of a name, however deep they are.
func without(v any, name string) any {
	switch v := v.(type) {
	case object:
		c := object{}
		for k, member := range v {
			if k != name {
				c[k] = without(member, name)
			}
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, element := range v {
			c[i] = without(element, name)
		}
		return c
	}
	return v
}

// many is a list as the version in the path sends it: an array, or its only element as an object before v2403.
func many(list []any, polymorphic bool) any {
	if polymorphic && len(list) == 1 {
		return list[0]
	}
	return list
}

// transaction is TransactionReference: the caller's context, or "" without one.
func transaction(context string) any {
	if context == "" {
		return ""
	}
	return object{"CustomerContext": context}
}
