package conformance

const (
	lenient   = "it does not check this and evaluates what it finds"
	unchecked = "it checks the types of index keys in puts, not in updates"
	noUnits   = "it bills nothing for finding nothing; the service bills its smallest read"
)

// exceptions are where a backend departs from the service, by "backend: name of the case". A backend that mends its
// ways fails the case until the exception is taken out.
var exceptions = map[string]exception{
	"dynoxide: s=s": {answer: "ok", units: "1 table 1", reason: lenient},
	`dynoxide: s=:v with :v:"abc" :w:"spare"`:           {answer: "ok", units: "1 table 1", reason: "without an update expression it does not look for values that are not used"},
	"dynoxide: yesno<:v with :v:true":                   {answer: "refused", reason: lenient},
	"dynoxide: li<:v with :v:[]":                        {answer: "refused", reason: lenient},
	`dynoxide: attribute_type(s,:v) with :v:"T"`:        {answer: "refused", reason: lenient},
	"dynoxide: attribute_type(s,:v) with :v:1":          {answer: "refused", reason: lenient},
	`dynoxide: Contains(s,:v) with :v:"a"`:              {answer: "ok", units: "1 table 1", reason: "it takes the names of functions in any case"},
	"dynoxide: an expression of blanks":                 {answer: "ok", units: "1 table 1", reason: "it takes it for no expression"},
	"dynoxide: a query with a key of another type":      {answer: "0 of 0: ", units: "0.5 table 0.5", reason: lenient},
	"dynoxide: a query with an empty key":               {answer: "0 of 0: ", units: "0.5 table 0.5", reason: lenient},
	"dynoxide: a query on from another partition":       {answer: "0 of 0: ", units: "0.5 table 0.5", reason: lenient},
	"dynoxide: of what is not there ALL_OLD is nothing": {answer: `ok {pk:"a"}`, reason: "it answers the key"},
	"dynoxide: a page ends with the item that goes beyond 1 MB": {units: "110 table 110", reason: "it ends before that item, but counts it as scanned",
		answer: `3 of 4: {pk:"p" sk:"1" x:(300000 bytes)} {pk:"p" sk:"2" x:(300000 bytes)} {pk:"p" sk:"3" x:(300000 bytes)} and on from {pk:"p" sk:"3"}`},

	"dynamodb-local: a text in an index's key of numbers":            {answer: "ok", units: "1 table 1", reason: unchecked},
	"dynamodb-local: an index's key of the wrong type, whole":        {answer: "ok", units: "2 table 1 group 1", reason: unchecked},
	"dynamodb-local: a number in an index's key of texts":            {answer: "ok", units: "1 table 1", reason: unchecked},
	"dynamodb-local: a batch of two and one that is not there":       {units: "single 1 table 1", reason: noUnits},
	"dynamodb-local: a batch of what is not there":                   {units: "single 0 table 0", reason: noUnits},
	"dynamodb-local: nothing there":                                  {units: "0 table 0", reason: noUnits},
	"dynamodb-local: begins_with nothing that is there":              {units: "0 table 0", reason: noUnits},
	"dynamodb-local: a partition of nothing":                         {units: "0 table 0 flag 0", reason: noUnits},
	"dynamodb-local: numbers come back without what they don't need": {after: `{l:[2.0] pk:"a" x:+01.500 y:1E3 z:-0}`, reason: "it keeps numbers as they are written"},
}
