select start_time, hour(start_time)::smallint as hour, day(start_time)::smallint as day,
       week(start_time)::smallint as week, month(start_time)::smallint as month, year(start_time)::smallint as year,
       dayofweek(start_time)::smallint as weekday
from (select distinct epoch_ms(ts) as start_time from {{ ref('staging_events') }} where page = 'NextSong')
