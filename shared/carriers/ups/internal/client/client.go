// Package client is the HTTP side of the UPS REST APIs: paths, headers and bodies, as in UPS's OpenAPI files
// (Shipping.yaml, Rating.yaml, AddressValidation.yaml, Tracking.yaml, OAuthClientCredentials.yaml of
// github.com/UPS-API/api-documentation). It decides nothing: each call returns the evidence, and Parse reads an answer.
package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/fairlead/fairlead/shared/carrier"
)

// Source is what Fairlead calls itself in the header transactionSrc.
const Source = "fairlead"

// Client makes calls over a wire. Safe for concurrent use.
type Client struct {
	wire *carrier.Wire
}

// New makes a client.
func New(w *carrier.Wire) *Client { return &Client{wire: w} }

// Session is where and as whom a call is made, and what it is about.
type Session struct {
	Base      string // scheme and host; the paths below it are UPS's
	Token     string
	Reference string // our reference, from which transId is derived; "" for a question about no shipment of ours
}

// header holds what every call has. transId identifies a call to UPS's support; it prevents no duplicates.
func (s Session) header(operation, about string) http.Header {
	sum := sha256.Sum256([]byte(operation + "\x00" + about))
	return http.Header{
		"Authorization":  {"Bearer " + s.Token},
		"Accept":         {"application/json"},
		"Transid":        {hex.EncodeToString(sum[:16])},
		"Transactionsrc": {Source},
	}
}

func (s Session) post(operation, path string, body any) carrier.Request {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // structs of strings: it can't fail
	}
	about := s.Reference
	if about == "" {
		about = string(b)
	}
	h := s.header(operation, about)
	h.Set("Content-Type", "application/json")
	return carrier.Request{Method: http.MethodPost, URL: s.Base + path, Header: h, Body: b}
}

// Ship books, once, on a fresh connection.
// https://developer.ups.com/api/reference/shipping
func (c *Client) Ship(ctx context.Context, s Session, r ShipRequest, call carrier.Call) carrier.Evidence {
	return c.wire.Book(ctx, s.post("ship", "/api/shipments/v2409/ship", r), call)
}

// Void takes a shipment back, once, on a fresh connection. Without a query it is the whole shipment.
// https://developer.ups.com/api/reference/shipping
func (c *Client) Void(ctx context.Context, s Session, number string, call carrier.Call) carrier.Evidence {
	u := s.Base + "/api/shipments/v2409/void/cancel/" + url.PathEscape(number)
	return c.wire.Book(ctx, carrier.Request{Method: http.MethodDelete, URL: u, Header: s.header("void", s.Reference)}, call)
}

// Rate asks for prices. option is UPS's request option: Rate and Shop, of one service or of all, each with
// "timeintransit" after it when transit times are wanted.
// https://developer.ups.com/api/reference/rating
func (c *Client) Rate(ctx context.Context, s Session, option string, r RateRequest, deadline time.Time) carrier.Evidence {
	return c.wire.Ask(ctx, s.post("rate", "/api/rating/v2409/"+option, r), deadline)
}

// CheckAddress validates and classifies an address, option 3.
// https://developer.ups.com/api/reference/addressvalidation
func (c *Client) CheckAddress(ctx context.Context, s Session, r AddressRequest, deadline time.Time) carrier.Evidence {
	return c.wire.Ask(ctx, s.post("address", "/api/addressvalidation/v2/3", r), deadline)
}

// Recover looks a label up by tracking number or by reference.
// https://developer.ups.com/api/reference/shipping
func (c *Client) Recover(ctx context.Context, s Session, r RecoveryRequest, deadline time.Time) carrier.Evidence {
	return c.wire.Ask(ctx, s.post("recover", "/api/labels/v1/recovery", r), deadline)
}

// TrackReference asks Track for packages with the session's reference. Without a day UPS looks back 14 days.
// https://developer.ups.com/api/reference/tracking
func (c *Client) TrackReference(ctx context.Context, s Session, shipper, from string, deadline time.Time) carrier.Evidence {
	q := url.Values{"locale": {"en_US"}, "refNumType": {"SmallPackage"}, "shipperNum": {shipper}}
	if from != "" {
		q.Set("fromPickUpDate", from)
	}
	u := s.Base + "/api/track/v1/reference/details/" + url.PathEscape(s.Reference) + "?" + q.Encode()
	return c.wire.Ask(ctx, carrier.Request{Method: http.MethodGet, URL: u, Header: s.header("track", s.Reference)}, deadline)
}

// Login asks for a token by client credentials.
// https://developer.ups.com/api/reference/oauth/client-credentials
func (c *Client) Login(ctx context.Context, base, id, secret string, deadline time.Time) carrier.Evidence {
	h := http.Header{
		"Authorization": {BasicAuth(id, secret)},
		"Accept":        {"application/json"},
		"Content-Type":  {"application/x-www-form-urlencoded"},
	}
	body := []byte(url.Values{"grant_type": {"client_credentials"}}.Encode())
	return c.wire.Ask(ctx, carrier.Request{Method: http.MethodPost, URL: base + "/security/v1/oauth/token", Header: h, Body: body}, deadline)
}

// BasicAuth is the login's Authorization header: a secret.
func BasicAuth(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}
