// Package openapi is infra/openapi.yaml as it is served: for programs, and as a page for people. It links nothing, for
// every function that knows the contract embeds it.
package openapi

import (
	"context"
	_ "embed"
	"net/http"

	"github.com/fairlead/fairlead/shared/api"
)

//go:generate go run ../../../infra/cmd/gencontract ../../../infra/openapi.yaml openapi.gen.json ../v1/operations.gen.go

// Document is the contract as JSON.
//
//go:embed openapi.gen.json
var Document []byte

// Contract is GET /v1/openapi.json.
func Contract(context.Context, api.Request) (api.Response, error) {
	return api.Response{Status: http.StatusOK, Raw: Document, MediaType: api.JSON}, nil
}
