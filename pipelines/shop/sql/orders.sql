SELECT
    o.order_id,
    o.customer_id,
    o.ordered_on,
    o.amount,
    '{{ vars.currency }}' AS currency
FROM raw_orders AS o
WHERE o.amount >= {{ vars.smallest_order }}
