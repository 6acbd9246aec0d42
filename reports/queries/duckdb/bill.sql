-- Written by reports/queries/translate.py. Change the query in the folder above instead.
WITH charges AS (
  SELECT
    CAST(ChargePeriodStart AS DATE) AS day,
    ProviderName AS provider,
    ServiceName AS service,
    CASE WHEN ChargeClass = 'Correction' THEN 'refund' ELSE LOWER(ChargeCategory) END AS kind,
    COALESCE(PricingUnit, '') AS unit,
    BillingCurrency AS currency,
    LOWER(COALESCE(PricingCategory, 'other')) AS pricing,
    COALESCE(SkuMeter, '') AS meter,
    COALESCE(Tags[$workload], '') AS workload,
    COALESCE(Tags[$model], '') AS model,
    COALESCE(Tags[$environment], '') AS environment,
    COALESCE(Tags[$owner], '') AS owner,
    ResourceId AS resource,
    CAST(BilledCost AS DECIMAL(28, 12)) AS billed,
    CAST(EffectiveCost AS DECIMAL(28, 12)) AS effective,
    CAST(ListCost AS DECIMAL(28, 12)) AS listed,
    CAST(PricingQuantity AS DECIMAL(28, 12)) AS quantity
  FROM focus
  WHERE
    billing_period BETWEEN $first_period AND $last_period
    AND ChargePeriodStart >= CAST($since AS TIMESTAMP)
    AND ChargePeriodStart < CAST($until AS TIMESTAMP)
), things AS (
  SELECT
    day,
    provider,
    service,
    kind,
    unit,
    currency,
    pricing,
    meter,
    workload,
    model,
    environment,
    owner,
    resource,
    SUM(billed) AS billed,
    SUM(effective) AS effective,
    SUM(listed) AS listed,
    SUM(quantity) AS quantity,
    COUNT(*) - COUNT(billed) AS unpriced_rows
  FROM charges
  GROUP BY
    day,
    provider,
    service,
    kind,
    unit,
    currency,
    pricing,
    meter,
    workload,
    model,
    environment,
    owner,
    resource
)
SELECT
  day,
  CASE
    WHEN GROUPING(pricing) = 0
    THEN 'pricing'
    WHEN GROUPING(meter) = 0
    THEN 'meter'
    WHEN GROUPING(workload) = 0
    THEN 'workload'
    WHEN GROUPING(model) = 0
    THEN 'model'
    WHEN GROUPING(environment) = 0
    THEN 'environment'
    WHEN GROUPING(owner) = 0
    THEN 'owner'
    ELSE 'service'
  END AS cut,
  COALESCE(pricing, meter, workload, model, environment, owner, '') AS key,
  COALESCE(provider, '') AS provider,
  COALESCE(service, '') AS service,
  kind,
  unit,
  SUM(billed) AS billed,
  SUM(effective) AS effective,
  SUM(listed) AS listed,
  SUM(quantity) AS quantity,
  COUNT(resource) AS resources,
  currency,
  SUM(unpriced_rows) AS unpriced_rows
FROM things
GROUP BY
  GROUPING SETS (
    (day, kind, unit, currency, provider, service),
    (day, kind, unit, currency, provider, service, pricing),
    (day, kind, unit, currency, provider, service, meter),
    (day, kind, unit, currency, workload),
    (day, kind, unit, currency, model),
    (day, kind, unit, currency, environment),
    (day, kind, unit, currency, owner)
  )
