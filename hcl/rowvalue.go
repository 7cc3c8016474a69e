package hcl

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"

	"github.com/zclconf/go-cty/cty"
)

// rowValue is a line, or an order, as expressions see it. The values of hidden columns are marked, so that no message
// shows them.
func rowValue(row map[string]any, hidden map[string]bool) (cty.Value, error) {
	fields := make(map[string]cty.Value, len(row))
	for name, given := range row {
		v, err := toValue(given)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%q: %w", name, err)
		}
		if hidden[name] {
			v = v.Mark(markCell)
		}
		fields[name] = v
	}
	return cty.ObjectVal(fields), nil
}

// rowsValue is a list whose elements need not have one type: an empty cell has none.
func rowsValue(rows []map[string]any, hidden map[string]bool) (cty.Value, error) {
	list := make([]cty.Value, len(rows))
	for i, row := range rows {
		v, err := rowValue(row, hidden)
		if err != nil {
			return cty.NilVal, err
		}
		list[i] = v
	}
	return cty.TupleVal(list), nil
}

// plainNumber is the notation in which the engine hands numbers over; an exponent could stand for any number of digits.
var plainNumber = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?$`)

// toValue turns nil, text, truth values and numbers into values, also within lists and objects. No digit is lost.
func toValue(given any) (cty.Value, error) {
	switch given := given.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType), nil
	case string:
		return cty.StringVal(given), nil
	case bool:
		return cty.BoolVal(given), nil
	case *big.Float:
		return cty.NumberVal(given), nil
	case json.Number:
		if !plainNumber.MatchString(string(given)) {
			return cty.NilVal, fmt.Errorf("the number is not in plain decimal notation")
		}
		f, _, err := big.ParseFloat(string(given), 10, uint(max(512, 4*len(given))), big.ToNearestEven)
		return cty.NumberVal(f), err
	case []any:
		list := make([]cty.Value, len(given))
		for i, e := range given {
			v, err := toValue(e)
			if err != nil {
				return cty.NilVal, err
			}
			list[i] = v
		}
		return cty.TupleVal(list), nil
	case map[string]any:
		return rowValue(given, nil)
	}
	return cty.NilVal, fmt.Errorf("a value of type %T is no cell", given)
}
