// Package conformance holds every database the tests run on to one description of DynamoDB: what it answers, what it
// refuses and what it bills, for each kind of request the store makes. Its tests run on ddbsim, on dynoxide and, where
// FAIRLEAD_DYNAMODB_LOCAL names it, on DynamoDB Local. Where one of them departs from what the service documents, a
// list of exceptions says so, with the answer it gives instead.
package conformance
