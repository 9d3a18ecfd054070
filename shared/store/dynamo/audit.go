package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/operating"
)

// largestAudit is how much of the arguments, and of the outcome, of a call is kept, in bytes.
const largestAudit = 32 << 10

// BeginAudit writes that an operation is about to be carried out. What is written once stays: nothing overwrites it but its
// own outcome.
func (s *Store) BeginAudit(ctx context.Context, e operating.Entry) error {
	it := attrs{
		"pk": str(auditPartition(e.At)), "sk": str(auditSort(e)), "fv": num(ItemFormat), "op": str(e.Operation), "by": str(e.By), "reason": str(e.Reason),
		"target": str(e.Target), "args": str(clip(e.Arguments, largestAudit)), "st": str(string(e.Outcome)), "at": ms(e.At),
	}
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Tables.Accounts, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld})
	if old, no := refused(err); no {
		if d := (decoder{it: old}); d.str("st") == string(e.Outcome) && d.str("op") == e.Operation && d.str("by") == e.By { // this write, whose first answer was lost
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("writing the audit of %s: %w", e.Operation, err)
	}
	return nil
}

// EndAudit adds what came of it.
func (s *Store) EndAudit(ctx context.Context, e operating.Entry) error {
	_, err := s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(auditPartition(e.At)), "sk": str(auditSort(e))},
		UpdateExpression: aws.String("SET st=:st, said=:said, ended=:ended, target=:target"), ConditionExpression: aws.String("attribute_exists(pk)"),
		ExpressionAttributeValues: attrs{":st": str(string(e.Outcome)), ":said": str(clip(e.Said, largestAudit)), ":ended": ms(e.Ended), ":target": str(e.Target)},
	})
	if err != nil {
		return fmt.Errorf("writing the outcome of %s: %w", e.Operation, err)
	}
	return nil
}

// Audits reads a page of what operators did in a month, or on a day of it, the newest first: at most limit after a position
// ("" from the newest), and the position to go on after, "" on the last page.
func (s *Store) Audits(ctx context.Context, month time.Time, day bool, limit int, after string) ([]operating.Entry, string, error) {
	pk := str(auditPartition(month))
	prefix := month.UTC().Format("200601")
	if day {
		prefix = month.UTC().Format("20060102")
	}
	in := &dynamodb.QueryInput{
		TableName: &s.Tables.Accounts, Limit: aws.Int32(int32(limit)), ScanIndexForward: aws.Bool(false), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk=:pk AND begins_with(sk,:sk)"), ExpressionAttributeValues: attrs{":pk": pk, ":sk": str(prefix)},
	}
	if after != "" {
		if !strings.HasPrefix(after, prefix) {
			return nil, "", operating.ErrBadCursor
		}
		in.ExclusiveStartKey = attrs{"pk": pk, "sk": str(after)}
	}
	out, err := s.DB.Query(ctx, in)
	if err != nil {
		return nil, "", fmt.Errorf("reading the audit: %w", err)
	}
	found := make([]operating.Entry, len(out.Items))
	for i, it := range out.Items {
		if err := readable("audit entry", it); err != nil {
			return nil, "", err
		}
		d := decoder{it: it}
		_, id, _ := strings.Cut(d.str("sk"), "#")
		found[i] = operating.Entry{ID: id, At: d.time("at"), Operation: d.str("op"), By: d.str("by"), Reason: d.str("reason"), Target: d.str("target"),
			Arguments: d.str("args"), Outcome: operating.Outcome(d.str("st")), Said: d.str("said"), Ended: d.time("ended")}
		if d.err != nil {
			return nil, "", d.err
		}
	}
	last := decoder{it: out.LastEvaluatedKey}
	return found, last.str("sk"), last.err
}

// auditSort orders a month's entries by time.
func auditSort(e operating.Entry) string { return e.At.UTC().Format(listTime) + "#" + e.ID }
