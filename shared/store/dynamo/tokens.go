package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fairlead/fairlead/shared/account"
	"github.com/fairlead/fairlead/shared/oauth"
)

// Token reads the token record of a carrier account, strongly consistent: who waits for another's refresh must see
// it. Without one it is the zero Record, of generation 0.
func (s *Store) Token(ctx context.Context, tenant, carrierAccount string) (oauth.Record, error) {
	d, err := s.read(ctx, "token record", tenant, tokenSort(carrierAccount), true)
	if errors.Is(err, account.ErrNotFound) {
		return oauth.Record{}, nil
	}
	if err != nil {
		return oauth.Record{}, err
	}
	r := oauth.Record{Generation: d.num("gen"), Expires: d.time("expires"), Sealed: d.bytes("sealed")}
	return r, d.err
}

// SaveToken replaces the token record by one of a higher generation. It returns oauth.ErrSuperseded, and changes
// nothing, when the stored one is as high or higher.
func (s *Store) SaveToken(ctx context.Context, tenant, carrierAccount string, r oauth.Record) error {
	return s.putToken(ctx, tenant, carrierAccount, r, "attribute_not_exists(pk) OR (gen<:gen AND fv<=:fv)")
}

// endTokens replaces the token of earlier credentials by a record without one. A token of these credentials, or a
// later end, stays.
func (s *Store) endTokens(ctx context.Context, tenant, carrierAccount string, revision int64) error {
	err := s.SaveToken(ctx, tenant, carrierAccount, oauth.Record{Generation: oauth.Floor(revision)})
	if errors.Is(err, oauth.ErrSuperseded) {
		return nil
	}
	return err
}

// endOrphanedToken ends the token, if there is one, of an account that does not exist. Where there is none it writes
// nothing.
func (s *Store) endOrphanedToken(ctx context.Context, tenant, carrierAccount string) error {
	last := oauth.Record{Generation: oauth.Floor(oauth.LastRevision)}
	err := s.putToken(ctx, tenant, carrierAccount, last, "attribute_exists(pk) AND gen<:gen AND fv<=:fv")
	if errors.Is(err, oauth.ErrSuperseded) {
		return nil
	}
	return err
}

// clearToken makes room for the tokens of a new account: one of the same id may have been deleted before.
func (s *Store) clearToken(ctx context.Context, tenant, carrierAccount string) error {
	_, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Tables.Accounts, Key: attrs{"pk": str(tenant), "sk": str(tokenSort(carrierAccount))},
	})
	if err != nil {
		return fmt.Errorf("clearing the token of %s: %w", carrierAccount, err)
	}
	return nil
}

func (s *Store) putToken(ctx context.Context, tenant, carrierAccount string, r oauth.Record, cond string) error {
	item := attrs{"pk": str(tenant), "sk": str(tokenSort(carrierAccount)), "fv": num(ItemFormat), "gen": num(r.Generation)}
	if len(r.Sealed) > 0 {
		item["sealed"] = bin(r.Sealed)
	}
	if !r.Expires.IsZero() {
		item["expires"] = ms(r.Expires)
	}
	_, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Tables.Accounts, Item: item, ConditionExpression: &cond,
		ExpressionAttributeValues: attrs{":gen": num(r.Generation), ":fv": num(ItemFormat)},

		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if _, no := refused(err); no {
		return oauth.ErrSuperseded
	}
	if err != nil {
		return fmt.Errorf("writing the token of %s: %w", carrierAccount, err)
	}
	return nil
}
