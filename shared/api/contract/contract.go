// Package contract is infra/openapi.yaml at work: the document as it is served, and the check of request bodies
// against its schemas. Only functions that read bodies link it, for its libraries cost every cold start.
package contract

import (
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/fairlead/fairlead/shared/api/openapi"
)

// Document is infra/openapi.yaml, parsed when it is first needed: a function that reads no body never pays for it.
// The document is embedded and checked by the tests, so an error here is a broken build.
var Document = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		panic("the embedded contract does not load: " + err.Error())
	}
	return doc
})
