package v1

import (
	_ "embed"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:generate go run ../../../infra/cmd/gencontract ../../../infra/openapi.yaml openapi.gen.json

//go:embed openapi.gen.json
var contract []byte

// Contract is infra/openapi.yaml, parsed when it is first needed: a function that reads no body never pays for it.
// The document is embedded and checked by the tests, so an error here is a broken build.
var Contract = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(contract)
	if err != nil {
		panic("the embedded contract does not load: " + err.Error())
	}
	return doc
})

// Document is the contract as JSON, as it is served.
func Document() []byte { return contract }
