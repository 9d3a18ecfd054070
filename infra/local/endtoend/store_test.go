package endtoend

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fairlead/fairlead/shared/store/dynamo"
)

// database is the SDK's client of the stack's DynamoDB.
func (s *stack) database() *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.where().DynamoDB), Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")})
}

// store reads the stack's own tables.
func (s *stack) store() *dynamo.Store {
	s.t.Helper()
	db := s.database()
	out, err := db.ListTables(s.t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		s.t.Fatal(err)
	}
	st := &dynamo.Store{DB: db, Now: time.Now}
	for _, name := range out.TableNames {
		switch name[len(name)-len("shipments"):] {
		case "shipments":
			st.Tables.Shipments = name
		case "documents":
			st.Tables.Documents = name
		}
	}
	return st
}
