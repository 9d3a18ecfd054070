// Package openapi is infra/openapi.yaml as it is served: for programs, and as a page for people. It links nothing, for
// every function that knows the contract embeds it.
package openapi

import (
	"context"
	_ "embed"
	"net/http"

	"github.com/fairlead/fairlead/shared/api"
)

//go:generate go run ../../../infra/cmd/gencontract ../../../infra/openapi.yaml openapi.gen.json ../v1/operations.gen.go reference.gen.html

// Document is the contract as JSON.
//
//go:embed openapi.gen.json
var Document []byte

// Reference is the contract as a page, with every code that problem documents hold. The linker leaves it out of functions
// that don't serve it.
//
//go:embed reference.gen.html
var Reference []byte

// Contract is GET /v1/openapi.json.
func Contract(context.Context, api.Request) (api.Response, error) {
	return api.Response{Status: http.StatusOK, Raw: Document, MediaType: api.JSON}, nil
}

// Page is GET /v1/reference. The page has no script and asks for nothing else, and browsers are told to hold it to that.
func Page(context.Context, api.Request) (api.Response, error) {
	return api.Response{Status: http.StatusOK, Raw: Reference, MediaType: "text/html; charset=utf-8", Header: map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}}, nil
}
