select md5(e.session_id || '-' || e.item_in_session) as songplay_id, epoch_ms(e.ts) as start_time,
       e.user_id::integer as user_id, e.level, s.song_id, s.artist_id, e.session_id, e.location, e.user_agent
from {{ ref('staging_events') }} e
left join (
    select title, artist_name, duration, song_id, artist_id
    from {{ ref('staging_songs') }}
    qualify row_number() over (partition by title, artist_name, duration order by song_id) = 1
) s on e.song = s.title and e.artist = s.artist_name and e.length = s.duration
where e.page = 'NextSong'
