package dynamotest

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/store/ddbsim"
	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// LocalURL is the environment variable that names where DynamoDB Local listens, for who has it running.
const LocalURL = "FAIRLEAD_DYNAMODB_LOCAL"

// Backend is a database a test can run on. client is nil for ddbsim.
type Backend struct {
	Name   string
	client func(t testing.TB) *dynamodb.Client
}

// Backends are all there are here: ddbsim, dynoxide, and DynamoDB Local where LocalURL names it.
func Backends() []Backend {
	all := []Backend{{Name: "ddbsim"}, dynoxide}
	if url := os.Getenv(LocalURL); url != "" {
		all = append(all, Backend{Name: "dynamodb-local", client: func(testing.TB) *dynamodb.Client { return client(url) }})
	}
	return all
}

var dynoxide = Backend{Name: "dynoxide", client: Client}

// Open makes tables, fresh and empty, and returns a client of them.
func (b Backend) Open(t testing.TB, tables ...ddbsim.Table) dynamo.API {
	t.Helper()
	if b.client == nil {
		return ddbsim.New(ddbsim.Options{Tables: tables}).Client(ddbsim.ClientOptions{Attempts: 1})
	}
	c := b.client(t)
	create(t, c, tables)
	return c
}

// chosen are the backends of the tests that run within Each, by the tests' names.
var chosen sync.Map

// Each runs a test on every backend, as a subtest named after it: what calls New in there gets a store on it.
func Each(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for _, b := range Backends() {
		t.Run(b.Name, func(t *testing.T) {
			chosen.Store(t.Name(), b)
			t.Cleanup(func() { chosen.Delete(t.Name()) })
			f(t)
		})
	}
}

// backendOf is the backend of the nearest test around t that Each runs.
func backendOf(t testing.TB) Backend {
	for name := t.Name(); name != ""; name = name[:max(0, strings.LastIndexByte(name, '/'))] {
		if b, ok := chosen.Load(name); ok {
			return b.(Backend)
		}
	}
	return dynoxide
}
